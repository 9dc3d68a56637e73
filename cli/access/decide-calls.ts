import { coveringScopes } from "../../src/gateway/operation.ts";
import { compile } from "../../src/policy/compiled-policy.ts";
import { decideCall } from "../../src/policy/decide-call.ts";
import type { Approval, Obligation } from "../../src/policy/obligations.ts";
import type { Operation } from "../../src/policy/operation.ts";
import { readAnnotations, UNANNOTATED } from "../../src/policy/tool-annotations.ts";
import type { JsonObject } from "../../src/jwt/strict-json.ts";
import { readApproved } from "../../src/trust/approved-tools.ts";
import type { TrustSet } from "../trust-set.ts";
import type { Access } from "./decide-access.ts";

/** A call that somebody might make. Its arguments are not known, and what hangs on them is taken as it is for a list. */
export interface PossibleCall {
  /** By which people know it, as in "tools/call read_*". */
  readonly words: string;
  readonly operation: Operation;
  /** What the tool says of itself where nobody has approved it; absent for what is no tool. */
  readonly saysOfItself?: JsonObject;
}

/** The calls that are permitted, each with what is demanded of it in words; empty where nothing is. */
export type CallAccess = ReadonlyMap<string, string>;

/**
 * What a token with this access lets its bearer call at its server. Only what is covered by a scope in `kept` is asked
 * about: what comes or goes with a scope has been told with the scope.
 */
export async function decideCalls(
  set: TrustSet,
  { request }: Pick<Access, "request">,
  { organization, calls, kept }: { organization: string; calls: readonly PossibleCall[]; kept: ReadonlySet<string> },
): Promise<CallAccess> {
  const [policy, resource] = [set.policy.get(organization), set.resource.get(request?.resource ?? "")];
  if (request === null || policy === undefined || resource === undefined) return new Map();
  const document = set.tools.get(resource.resource);
  const approved = document === undefined ? new Map<string, never>() : await readApproved(document);
  const permitted = calls.flatMap((call): readonly (readonly [string, string])[] => {
    const { operation } = call;
    const definitions = operation.kind === "tool" ? approved.get(operation.name ?? "") : undefined;
    if (operation.kind === "tool" && resource.tool_approval === "hold_back" && definitions === undefined) return [];
    const asked = compile(policy).asksAboutTools ? { ...operation, tool: factsOf(call, definitions) } : operation;
    const covering = coveringScopes(resource, asked);
    if (covering.every((scope) => !kept.has(scope))) return [];
    const decision = decideCall(policy, { request, operation: asked, coveringScopes: covering, isFactsComplete: true });
    return decision.effect === "permit" ? [[call.words, describeDemands(decision.obligations)]] : [];
  });
  return new Map(permitted);
}

/** Of the definitions that are approved under one name, the first: two of them are good only while a server is replaced. */
function factsOf(
  { saysOfItself }: PossibleCall,
  definitions: ReadonlyMap<string, JsonObject | null> | undefined,
): NonNullable<Operation["tool"]> {
  const [definition] = definitions?.values() ?? [];
  if (definitions !== undefined) {
    return { annotations: definition ? readAnnotations(definition["annotations"]) : UNANNOTATED, isApproved: true };
  }
  return { annotations: readAnnotations(saysOfItself), isApproved: false };
}

/** As it follows "each". */
function describeDemands(obligations: readonly Obligation[]): string {
  const demands = obligations.flatMap(({ approval, rate, concurrency }) => [
    ...(approval === undefined
      ? []
      : [`waits up to ${approval.expires_in_seconds} s for a yes by ${describeApprovers(approval)}`]),
    ...(rate === undefined
      ? []
      : [`is one of at most ${rate.calls} in ${rate.per_seconds} s by ${rate.by.join(" and ")}`]),
    ...(concurrency === undefined
      ? []
      : [`is one of at most ${concurrency.calls} at a time by ${concurrency.by.join(" and ")}`]),
  ]);
  return [...new Set(demands)].toSorted().join(", and ");
}

function describeApprovers({ approvers }: Approval): string {
  if (approvers === "any") return "any approver";
  const { admins = [], groups = [], subjects = [] } = approvers;
  const lists = {
    admins: [...admins],
    groups: [...groups],
    subjects: subjects.map(({ sub, issuer }) => `${sub} of ${issuer}`),
  };
  return Object.entries(lists)
    .filter(([, names]) => names.length > 0)
    .map(([kind, names]) => `${kind} ${names.toSorted().join(", ")}`)
    .join("; ");
}
