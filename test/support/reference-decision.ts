import type { Members } from "./documents.ts";

/** What a caller is and asks, in the plainest of terms. */
export interface Situation {
  readonly client: string;
  readonly groups: readonly string[];
  readonly acr: string | null;
  readonly isKeyBound: boolean;
  readonly scope: readonly string[];
  readonly method: string;
  readonly name: string | null;
  readonly arguments: Readonly<Record<string, unknown>>;
}

export interface ReferenceScope {
  readonly name: string;
  readonly methods: readonly string[];
  readonly tools: readonly string[];
}

export interface ReferenceRule extends Members {
  readonly id: string;
  readonly effect: "permit" | "deny";
  readonly clients: "any" | readonly string[];
  readonly groups?: readonly string[];
  readonly scopes?: "any" | readonly string[];
  readonly acr?: readonly string[];
  readonly dpop_required?: boolean;
  readonly calls?: {
    readonly methods?: readonly string[];
    readonly tools?: readonly string[];
    readonly condition?: keyof typeof CONDITIONS;
    readonly scopes_required?: readonly string[];
  };
}

type Given = Situation["arguments"];

/** Expressions, and what each comes to: null where it fails. */
export const CONDITIONS = {
  "arguments.amount <= 100": ({ amount }: Given) => (typeof amount === "number" ? amount <= 100 : null),
  "!has(arguments.path)": ({ path }: Given) => path === undefined,
  'arguments.path.startsWith("/public/")': ({ path }: Given) =>
    typeof path === "string" ? path.startsWith("/public/") : null,
};

/**
 * What policy says of a call, written as the README says it and for nothing but to be compared with what decides.
 * @returns "permit", or the reason
 */
export function referenceDecision(
  rules: readonly ReferenceRule[],
  scopes: readonly ReferenceScope[],
  asked: Situation,
): string {
  const isConnection = asked.method === "ping";
  const covering = scopes.filter(({ methods, tools }) => methods.includes(asked.method) || isTool(tools, asked));
  if (!isConnection && covering.length === 0) return "operation_unknown";
  const verdicts = rules.map((rule) => ({ rule, verdict: verdictOf(rule, asked, isConnection) }));
  if (verdicts.some(({ rule, verdict }) => rule.effect === "deny" && verdict === true)) return "call_denied";
  if (verdicts.some(({ verdict }) => verdict === null)) return "call_condition_failed";
  const lacks = verdicts
    .filter(({ rule, verdict }) => rule.effect === "permit" && verdict === true)
    .flatMap(({ rule }) => {
      const grantable = covering.filter(({ name }) => rule.scopes === "any" || rule.scopes?.includes(name));
      if (!isConnection && grantable.length === 0) return [];
      const has = (name: string): boolean => asked.scope.includes(name);
      const required = isConnection ? [] : (rule.calls?.scopes_required ?? []);
      const lacksScope = !isConnection && !(grantable.some(({ name }) => has(name)) && required.every(has));
      const lacksSignIn = rule.acr !== undefined && !(asked.acr !== null && rule.acr.includes(asked.acr));
      const lacksKey = rule.dpop_required === true && !asked.isKeyBound;
      return [{ cost: Number(lacksScope) + 2 * Number(lacksSignIn) + 4 * Number(lacksKey), lacksSignIn, lacksKey }];
    })
    .toSorted((a, b) => a.cost - b.cost);
  const [least] = lacks;
  if (least === undefined) return "call_no_rule";
  if (least.cost === 0) return "permit";
  if (least.lacksKey) return "token_binding";
  return least.lacksSignIn ? "call_authentication" : "scope_insufficient";
}

function isTool(tools: readonly string[], { method, name }: Situation): boolean {
  return method === "tools/call" && name !== null && tools.includes(name);
}

/** true: it applies; null: it fails on this. */
function verdictOf(rule: ReferenceRule, asked: Situation, isConnection: boolean): boolean | null {
  if (rule.clients !== "any" && !rule.clients.includes(asked.client)) return false;
  if (rule.groups !== undefined && !rule.groups.some((group) => asked.groups.includes(group))) return false;
  const { calls } = rule;
  if (calls === undefined) return true;
  if (isConnection) return rule.effect === "permit";
  const { methods, tools, condition } = calls;
  const isNamed =
    (methods === undefined && tools === undefined) ||
    (methods ?? []).some((pattern) => fits(pattern, asked.method)) ||
    (asked.method === "tools/call" && (tools ?? []).some((pattern) => fits(pattern, asked.name ?? ""))) ||
    (rule.effect === "permit" && asked.method === "tools/list" && tools !== undefined);
  if (!isNamed) return false;
  return condition === undefined ? true : CONDITIONS[condition](asked.arguments);
}

function fits(pattern: string, text: string): boolean {
  return new RegExp(`^${pattern.split("*").map(escape).join(".*")}$`).test(text);
}

function escape(text: string): string {
  return text.replaceAll(/[^\w]/g, String.raw`\$&`);
}
