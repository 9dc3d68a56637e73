import { backlogLevel } from "../audit/backlog.ts";
import { LIMITS } from "../limits.ts";
import type { AuditTrail, KeySetStatus, VaultState } from "./dependencies.ts";
import type { HealthFinding } from "./health-finding.ts";
import { keyFindings, vaultFindings } from "./key-health.ts";

export interface HealthFacts {
  readonly documents: readonly {
    readonly key: string;
    readonly problem: { readonly path: string; readonly reason: string } | null;
  }[];
  readonly keySets: readonly (KeySetStatus & { readonly issuer: string })[];
  /** null where it could not be read. */
  readonly trail: AuditTrail | null;
  readonly indexAnswers: boolean;
  /** null where it does not answer. */
  readonly vault: VaultState | null;
  readonly nowMilliseconds: number;
}

/** What somebody should look at, in words, and what mends it: the worst first. */
export function judgeHealth(facts: HealthFacts): readonly HealthFinding[] {
  const { trail, indexAnswers } = facts;
  const findings = [
    ...documentFindings(facts),
    ...facts.keySets.flatMap((keySet) => keySetFindings(keySet, facts.nowMilliseconds)),
    ...(indexAnswers ? [] : [INDEX]),
    ...(trail === null ? [TRAIL] : trailFindings(trail, facts.nowMilliseconds)),
    ...vaultFindings(facts.vault),
  ];
  return findings.toSorted((a, b) => Number(b.severity === "alert") - Number(a.severity === "alert"));
}

const INDEX: HealthFinding = {
  severity: "warn",
  what: "index_unavailable",
  says: "The index of records (D1) does not answer: nothing can be searched. Records go on to the archive when it does.",
  fix: "See D1's status, and whether the migrations are applied.",
};

const TRAIL: HealthFinding = {
  severity: "alert",
  what: "trail_unknown",
  says: "How far the records have come cannot be read.",
  fix: "See the status of Durable Objects, KV and R2.",
};

function documentFindings({ documents }: HealthFacts): readonly HealthFinding[] {
  return documents.flatMap(({ key, problem }) =>
    problem === null
      ? []
      : [
          {
            severity: "alert" as const,
            what: "document_broken",
            says: `${key} does not parse and governs nothing: ${problem.path === "" ? "" : `${problem.path}: `}${problem.reason}.`,
            fix: "Mend it: npx crossgate check, then apply.",
          },
        ],
  );
}

function keySetFindings(keySet: KeySetStatus & { readonly issuer: string }, now: number): readonly HealthFinding[] {
  const { issuer, failures, fetched_at } = keySet;
  if (failures === 0) return [];
  const age = fetched_at === null ? Number.POSITIVE_INFINITY : (now - Date.parse(fetched_at)) / 1000;
  const since = fetched_at === null ? "and never could be" : `since ${fetched_at}`;
  const isStale = age >= LIMITS.keySetStaleSeconds;
  const effect = isStale ? "its users get 503" : "the keys of then serve for an hour";
  return [
    {
      severity: isStale ? "alert" : "warn",
      what: "key_set_unfetched",
      says: `The keys of ${issuer} cannot be fetched ${since} (${failures} failures in a row): ${effect}.`,
      fix: "See that its jwks_uri answers 200 without a redirect; the Worker's log has key_set_fetch_failed and its flaw.",
    },
  ];
}

function trailFindings(trail: AuditTrail, now: number): readonly HealthFinding[] {
  return [
    ...trail.ledgers.flatMap((ledger, shard) => ledgerFindings(ledger, shard, now)),
    ...trail.sinks.flatMap((sink) => sinkFindings(sink, now)),
    ...checkpointFindings(trail, now),
    ...indexFindings(trail),
    ...keyFindings(trail.keysSinceMilliseconds, now),
  ];
}

function ledgerFindings(ledger: AuditTrail["ledgers"][number], shard: number, now: number): readonly HealthFinding[] {
  if (ledger === null) {
    const says = `Ledger ${shard} does not answer: its share of redemptions is refused with 503.`;
    return [{ severity: "alert", what: "ledger_unreachable", says, fix: "When it lasts, ask Cloudflare's support." }];
  }
  const level = backlogLevel(ledger, now);
  if (level === "ok") return [];
  const oldest = ledger.oldestPending === null ? "" : `, the oldest since ${instant(ledger.oldestPending)}`;
  const effect = level === "stop" ? " It refuses with 503 until there is room." : "";
  return [
    {
      severity: level === "warn" ? "warn" : "alert",
      what: "archive_behind",
      says: `${ledger.pending} records of ledger ${shard} are not in the archive yet${oldest}.${effect}`,
      fix: "See whether R2 and D1 answer, and the queue's consumer for errors; nothing is lost.",
    },
  ];
}

function sinkFindings(sink: AuditTrail["sinks"][number], now: number): readonly HealthFinding[] {
  const { name, isReachable, behind, failures, error, deliveredAtMilliseconds: at } = sink;
  if (!isReachable) {
    const says = `What feeds the sink ${name} does not answer.`;
    return [{ severity: "warn", what: "sink_unreachable", says, fix: "When it lasts, ask Cloudflare's support." }];
  }
  const last = at === 0 ? "nothing was ever sent" : `last sent ${instant(at)}, ${Math.round((now - at) / 1000)} s ago`;
  const failing: HealthFinding = {
    severity: failures >= LIMITS.sinkFailuresAlert ? "alert" : "warn",
    what: "sink_failing",
    says: `The sink ${name} is ${behind} records behind: ${error}, ${failures} times in a row; ${last}.`,
    fix: "Mend its receiver, its document or its secret; it goes on by itself, and nothing is lost.",
  };
  return [...(failures > 0 ? [failing] : []), ...lossFindings(sink)];
}

/** What came to pass and stays so: counted since the sink began. */
function lossFindings({ name, rejected, missed, unread }: AuditTrail["sinks"][number]): readonly HealthFinding[] {
  const all = [
    {
      count: rejected,
      what: "sink_rejects",
      says: `The receiver of the sink ${name} took ${rejected} records and said that it threw them away.`,
      fix: "See why in the receiver; the archive has them.",
    },
    {
      count: missed,
      what: "sink_missed",
      says: `${missed} records were gone from the archive before the sink ${name} could send them.`,
      fix: "See the bucket's lifecycle rules and who may delete: npx crossgate audit verify.",
    },
    {
      count: unread,
      what: "sink_unread",
      says: `${unread} records that this version cannot read went to the sink ${name} as they are.`,
      fix: "See whether an older version is deployed than the one that wrote them.",
    },
  ];
  return all.flatMap(({ count, ...finding }) => (count === 0 ? [] : [{ severity: "warn" as const, ...finding }]));
}

function indexFindings({ indexBehind }: AuditTrail): readonly HealthFinding[] {
  if (indexBehind === null || indexBehind === 0) return [];
  return [
    {
      severity: "warn",
      what: "index_behind",
      says: `${indexBehind} records that the archive has cannot be searched: the index lacks them.`,
      fix: "The next hour's comparison adds them; when it lasts, the Worker's log has audit_reconcile_failed.",
    },
  ];
}

function checkpointFindings(
  { ledgers, checkpointAtMilliseconds: at }: AuditTrail,
  now: number,
): readonly HealthFinding[] {
  const hasRecords = ledgers.some((ledger) => (ledger?.archived ?? 0) > 0);
  const age = at === null ? null : (now - at) / 1000;
  if (age === null ? !hasRecords : age < LIMITS.checkpointWarnSeconds) return [];
  return [
    {
      severity: (age ?? 0) >= LIMITS.checkpointAlertSeconds ? "alert" : "warn",
      what: "checkpoint_old",
      says: at === null ? "No checkpoint signs the records." : `The newest checkpoint is of ${instant(at)}.`,
      fix: "See the hourly trigger, and AUDIT_SIGNING_KEYS; the Worker's log says audit_checkpoint_failed.",
    },
  ];
}

function instant(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
