import { Environment } from "@marcbachmann/cel-js";
import { LIMITS } from "../limits.ts";

/** What an expression may look at: verified facts, by these names and of these types. */
export interface ExpressionFacts {
  readonly issuer: string;
  readonly tenant: string;
  readonly client: string;
  readonly resource: string;
  readonly subject: string;
  readonly groups: readonly string[];
  readonly email_domain: string;
  readonly actor: string;
  readonly acr: string;
  readonly amr: readonly string[];
  readonly scope: readonly string[];
}

/** An expression in the Common Expression Language, parsed and type-checked once. */
export type Expression = (facts: ExpressionFacts) => boolean;

const SHAPE = { maxAstNodes: 400, maxDepth: 24, maxListElements: 200, maxMapEntries: 50, maxCallArguments: 8 };

const STRINGS = ["issuer", "tenant", "client", "resource", "subject", "email_domain", "actor", "acr"] as const;
const LISTS = ["groups", "amr", "scope"] as const;

const environment = new Environment({ limits: SHAPE });
for (const name of STRINGS) environment.registerVariable(name, "string");
for (const name of LISTS) environment.registerVariable(name, "list<string>");

/**
 * CEL ends by construction; what does not is a backtracking regular expression over a string that somebody else chose,
 * so `matches` is not offered. @returns why the text is no expression, as a sentence for its author
 */
export function compileExpression(text: string): Expression | { readonly flaw: string } {
  if (text.length > LIMITS.expressionCharacters)
    return { flaw: `longer than ${LIMITS.expressionCharacters} characters` };
  if (/\bmatches\b/.test(text))
    return { flaw: "matches() is not offered: use ==, in, startsWith, endsWith or contains" };
  try {
    const { valid, type, error } = environment.check(text);
    if (!valid) return { flaw: error?.message ?? "does not type-check" };
    if (type !== "bool") return { flaw: `must be true or false, and is a ${type}` };
    const evaluate = environment.parse(text);
    return (facts) => evaluate({ ...facts }) === true;
  } catch (error) {
    return { flaw: error instanceof Error ? error.message : "does not parse" };
  }
}
