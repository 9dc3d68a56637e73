import { Environment } from "@marcbachmann/cel-js";
import type { JsonObject } from "../jwt/strict-json.ts";
import { LIMITS } from "../limits.ts";
import { findCostFlaw } from "./expression-cost.ts";
import { findGrowthFlaw } from "./expression-growth.ts";

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

/** What an expression about a call may look at besides. */
export interface CallFacts extends ExpressionFacts {
  readonly method: string;
  /** Of the tool, prompt or resource; empty where the method names none. */
  readonly name: string;
  readonly arguments: JsonObject;
}

/** An expression in the Common Expression Language, parsed and type-checked once. */
export type Expression<Facts = ExpressionFacts> = (facts: Facts) => boolean;

interface Flaw {
  readonly flaw: string;
}

const SHAPE = { maxAstNodes: 400, maxDepth: 24, maxListElements: 200, maxMapEntries: 50, maxCallArguments: 8 };

const STRINGS = ["issuer", "tenant", "client", "resource", "subject", "email_domain", "actor", "acr"] as const;
const LISTS = ["groups", "amr", "scope"] as const;

const environment = new Environment({ limits: SHAPE });
for (const name of STRINGS) environment.registerVariable(name, "string");
for (const name of LISTS) environment.registerVariable(name, "list<string>");

const callEnvironment = environment.clone();
callEnvironment.registerVariable("method", "string");
callEnvironment.registerVariable("name", "string");
callEnvironment.registerVariable("arguments", "map<string, dyn>");

interface Language {
  readonly environment: Environment;
  /** What would take too long to evaluate. */
  readonly findFlaw: (ast: unknown) => string | null;
}

const LANGUAGE: Language = { environment, findFlaw: findGrowthFlaw };
const CALL_LANGUAGE: Language = {
  environment: callEnvironment,
  findFlaw: (ast) => findCostFlaw(ast) ?? findGrowthFlaw(ast),
};

/** @returns why the text is no expression, as a sentence for its author */
export const compileExpression = remembering((text) => compileIn<ExpressionFacts>(LANGUAGE, text));

/** `compileExpression` for what also looks at a call, whose arguments are as long as the caller likes. */
export const compileCallExpression = remembering((text) => compileIn<CallFacts>(CALL_LANGUAGE, text));

/** A document is compiled when it is parsed, and again for who decides by it; and much of its next revision is the same. */
function remembering<Compiled>(compileText: (text: string) => Compiled): (text: string) => Compiled {
  const known = new Map<string, Compiled>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const compiled = compileText(text);
    if (known.size >= LIMITS.expressionsRemembered) known.clear();
    known.set(text, compiled);
    return compiled;
  };
}

/** Whether an expression may look at a variable; a text that only quotes its name counts as if it did. */
export function mentions(text: string, variable: keyof CallFacts): boolean {
  return new RegExp(`\\b${variable}\\b`).test(text);
}

/**
 * CEL ends by construction, though not soon: hence the flaws that are looked for. What never ends is a backtracking
 * regular expression over a string that somebody else chose, so `matches` is not offered.
 */
function compileIn<Facts extends ExpressionFacts>(language: Language, text: string): Expression<Facts> | Flaw {
  if (text.length > LIMITS.expressionCharacters)
    return { flaw: `longer than ${LIMITS.expressionCharacters} characters` };
  if (/\bmatches\b/.test(text))
    return { flaw: "matches() is not offered: use ==, in, startsWith, endsWith or contains" };
  try {
    const evaluate = language.environment.parse(text);
    const flaw = language.findFlaw(evaluate.ast);
    const { valid, type, error } = evaluate.check();
    if (!valid) return { flaw: error?.message ?? "does not type-check" };
    if (type !== "bool") return { flaw: `must be true or false, and is a ${type}` };
    if (flaw !== null) return { flaw };
    return (facts) => evaluate(facts) === true;
  } catch (error) {
    return { flaw: error instanceof Error ? error.message : "does not parse" };
  }
}
