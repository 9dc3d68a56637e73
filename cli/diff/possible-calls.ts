import type { Rule } from "../../src/policy/policy.ts";
import { kindOf, listedBy, type OperationKind } from "../../src/policy/operation.ts";
import type { PossibleCall } from "../access/decide-calls.ts";
import type { TrustSet } from "../trust-set.ts";

const METHODS = { tool: "tools/call", prompt: "prompts/get", resource: "resources/read" } as const;
const LISTS = { tool: "tools", prompt: "prompts", resource: "resources" } as const;
const KINDS = Object.keys(METHODS) as OperationKind[];
/** For one client at one server; policies that tell more apart than this are rarer than mistakes in such lists. */
const MOST_CALLS = 250;

export interface PossibleCalls {
  readonly calls: readonly PossibleCall[];
  /** How many more there would be to try. */
  readonly leftOut: number;
}

/** Everything that these rules and servers can tell calls apart by, one representative of each. */
export function findPossibleCalls(resource: string, rules: readonly Rule[], sets: readonly TrustSet[]): PossibleCalls {
  const scopes = sets.flatMap((set) => Object.values(set.resource.get(resource)?.scopes ?? {}));
  const methods = new Set(scopes.flatMap((scope) => scope.methods));
  const tools = [
    ...scopes.flatMap((scope) => scope.tools),
    ...sets.flatMap((set) => (set.tools.get(resource)?.tools ?? []).map(({ name }) => name)),
  ];
  const named = KINDS.flatMap((kind) => {
    const patterns = new Set([...(kind === "tool" ? tools : []), ...rules.flatMap((rule) => patternsOf(rule, kind))]);
    const any = methods.has(METHODS[kind]) ? [callOf(kind, "(any other)", "a name that nobody has thought of")] : [];
    return [...[...patterns].toSorted().map((pattern) => callOf(kind, pattern, sampleOf(pattern))), ...any];
  });
  const plain = [...methods].filter((method) => kindOf(method) === null && listedBy(method) === null).toSorted();
  const calls = [...named.flatMap((call) => withClaims(call, rules)), ...plain.map(plainCall)];
  return { calls: calls.slice(0, MOST_CALLS), leftOut: Math.max(0, calls.length - MOST_CALLS) };
}

function patternsOf({ calls }: Rule, kind: OperationKind): readonly string[] {
  const patterns = calls?.[LISTS[kind]];
  return patterns === undefined || patterns === "any" ? [] : patterns;
}

/** A name that the pattern means, and no narrower one does by chance. */
function sampleOf(pattern: string): string {
  return pattern.replaceAll("*", "anything-else");
}

function callOf(kind: OperationKind, words: string, name: string): PossibleCall {
  const method = METHODS[kind];
  return { words: `${method} ${words}`, operation: { method, kind, name, arguments: null } };
}

function plainCall(method: string): PossibleCall {
  return { words: method, operation: { method, kind: null, name: null, arguments: null } };
}

/** Where rules ask what tools say of themselves, a tool that says so is another call than one that is silent. */
function withClaims(call: PossibleCall, rules: readonly Rule[]): readonly PossibleCall[] {
  if (call.operation.kind !== "tool") return [call];
  const claims = new Map(
    rules.flatMap(({ calls }) =>
      calls?.annotations === undefined ? [] : [[JSON.stringify(calls.annotations), calls.annotations] as const],
    ),
  );
  const claiming = [...claims].map(([text, saysOfItself]) => ({
    ...call,
    words: `${call.words} that says ${text} of itself`,
    saysOfItself: { ...saysOfItself },
  }));
  return [call, ...claiming];
}
