import { Environment } from "@marcbachmann/cel-js";
import type { JsonObject } from "../jwt/strict-json.ts";
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

/** @returns why the text is no expression, as a sentence for its author */
export function compileExpression(text: string): Expression | Flaw {
  return compileIn(environment, text);
}

/**
 * `compileExpression` for what also looks at a call. Its arguments are as long as the caller likes, so that a loop over
 * them may not hold another: two of them would multiply.
 */
export function compileCallExpression(text: string): Expression<CallFacts> | Flaw {
  const compiled = compileIn<CallFacts>(callEnvironment, text);
  if (typeof compiled !== "function" || loopDepth(callEnvironment.parse(text).ast) <= 1) return compiled;
  return { flaw: "all, exists, exists_one, filter and map may not stand within one another" };
}

/** Whether an expression may look at a variable; a text that only quotes its name counts as if it did. */
export function mentions(text: string, variable: keyof CallFacts): boolean {
  return new RegExp(`\\b${variable}\\b`).test(text);
}

/**
 * CEL ends by construction; what does not is a backtracking regular expression over a string that somebody else chose,
 * so `matches` is not offered.
 */
function compileIn<Facts extends ExpressionFacts>(language: Environment, text: string): Expression<Facts> | Flaw {
  if (text.length > LIMITS.expressionCharacters)
    return { flaw: `longer than ${LIMITS.expressionCharacters} characters` };
  if (/\bmatches\b/.test(text))
    return { flaw: "matches() is not offered: use ==, in, startsWith, endsWith or contains" };
  try {
    const { valid, type, error } = language.check(text);
    if (!valid) return { flaw: error?.message ?? "does not type-check" };
    if (type !== "bool") return { flaw: `must be true or false, and is a ${type}` };
    const evaluate = language.parse(text);
    return (facts) => evaluate({ ...facts }) === true;
  } catch (error) {
    return { flaw: error instanceof Error ? error.message : "does not parse" };
  }
}

const LOOPS: ReadonlySet<unknown> = new Set(["all", "exists", "exists_one", "filter", "map"]);

/** How many loops stand within one another; what a loop runs over stands beside it. */
function loopDepth(node: unknown): number {
  if (Array.isArray(node)) return Math.max(0, ...node.map(loopDepth));
  if (!isNode(node)) return 0;
  if (node.op !== "rcall" || !Array.isArray(node.args) || !LOOPS.has(node.args[0])) return loopDepth(node.args);
  const [, receiver, body] = node.args as readonly unknown[];
  return Math.max(loopDepth(receiver), 1 + loopDepth(body));
}

function isNode(value: unknown): value is { readonly op: unknown; readonly args: unknown } {
  return typeof value === "object" && value !== null && "op" in value && "args" in value;
}
