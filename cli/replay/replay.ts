import { formatScope } from "../../src/policy/scope.ts";
import { type Access, decideAccess } from "../access/decide-access.ts";
import type { TrustSet } from "../trust-set.ts";
import type { RecordedDecision } from "./recorded-decision.ts";
import { factsFrom, type InForce, isOfDocuments } from "./replayable.ts";

/** Decisions alike that come out otherwise; told once. */
export interface Flip {
  readonly organization: string;
  readonly client: string;
  readonly resource: string;
  readonly subject: string;
  /** "granted files:read" or "refused: policy_denied". */
  readonly was: string;
  readonly is: string;
  readonly rules_then: readonly string[];
  readonly rules_now: readonly string[];
  readonly count: number;
  readonly last_time: string;
  readonly last_correlation_id: string;
}

export interface Replay {
  readonly recorded: number;
  readonly replayed: number;
  readonly flips: readonly Flip[];
  /** How many could not be decided again, by why. */
  readonly not_replayed: Readonly<Record<string, number>>;
}

const NOT_OF_DOCUMENTS = "refused for what no policy decides: a bad assertion, a bad proof, an unknown client";

/** Makes recorded decisions again under other documents, with the checks that made them, as of their own time. */
export async function replay(
  decisions: readonly RecordedDecision[],
  tried: TrustSet,
  inForce: InForce,
): Promise<Replay> {
  const flips = new Map<string, Flip>();
  const notReplayed: Record<string, number> = {};
  let replayed = 0;
  for (const record of decisions) {
    const facts = isOfDocuments(record) ? factsFrom(record, tried, inForce) : { why: NOT_OF_DOCUMENTS };
    if ("why" in facts) {
      notReplayed[facts.why] = (notReplayed[facts.why] ?? 0) + 1;
      continue;
    }
    replayed += 1;
    collect(flips, flipOf(record, await decideAccess(tried, facts)));
  }
  const ordered = [...flips.values()].toSorted((a, b) => b.count - a.count || (a.last_time < b.last_time ? 1 : -1));
  return { recorded: decisions.length, replayed, flips: ordered, not_replayed: notReplayed };
}

/** A refusal for another reason is a refusal still. */
function flipOf(record: RecordedDecision, access: Access): Flip | null {
  const granted = access.reason === null ? spell(formatScope(access.scope), access.detailsTypes) : null;
  const before =
    record.decision === "granted"
      ? spell(record.scope_granted ?? "", new Set(record.authorization_details_types ?? []))
      : null;
  if (before === granted) return null;
  return {
    organization: record.organization ?? "",
    client: record.client_id ?? "",
    resource: record.resource ?? "",
    subject: record.subject ?? "",
    was: before === null ? `refused: ${record.reason ?? ""}` : `granted ${before}`,
    is: granted === null ? `refused: ${access.reason ?? ""}` : `granted ${granted}`,
    rules_then: record.policy_rules ?? [],
    rules_now: access.rules,
    count: 1,
    last_time: record.time,
    last_correlation_id: record.correlation_id,
  };
}

function spell(scope: string, detailsTypes: ReadonlySet<string>): string {
  const types = [...detailsTypes].toSorted();
  return types.length === 0 ? scope : `${scope}, with authorization_details of ${types.join(" ")}`;
}

function collect(flips: Map<string, Flip>, flip: Flip | null): void {
  if (flip === null) return;
  const { count: _count, last_time: _time, last_correlation_id: _id, ...alike } = flip;
  const key = JSON.stringify(alike);
  flips.set(key, { ...flip, count: (flips.get(key)?.count ?? 0) + 1 });
}
