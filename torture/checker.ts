import type { Archive, ArchivedRecord } from "./archive.ts";
import type { History, Told } from "./history.ts";

export interface Violation {
  readonly property: string;
  readonly of: string;
}

export interface Verdict {
  readonly violations: readonly Violation[];
  readonly counts: Readonly<Record<string, number>>;
}

interface Evidence {
  readonly history: History;
  readonly archive: Archive;
  /** Ids in the searchable index. */
  readonly indexed: ReadonlySet<string>;
}

/**
 * What clients were told, against what the archive says. At most one token an assertion, whatever happened; no talk of a
 * replay where nothing was granted and nobody was left in doubt; no token and no refusal without a record, no grant on
 * record that nobody can have had, and nothing but 200, 400 and 503 to see.
 */
export function check(evidence: Evidence): Verdict {
  const { history, archive, indexed } = evidence;
  const assertions = [...history.byAssertion()];
  const grants = [...archive.records.values()].filter(
    ({ type, decision }) => type === "redemption" && decision === "granted",
  );
  return {
    violations: [
      ...name(
        "two tokens for one assertion",
        assertions.filter(([, told]) => grantsIn(told) > 1).map(([jti]) => jti),
      ),
      ...name(
        "refused without ever having been granted",
        assertions.filter(isFalseReplay).map(([jti]) => jti),
      ),
      ...name("an error that is neither a refusal nor an outage", strangeErrors(history)),
      ...name("a token without a record", tokensWithoutRecord(history, grants)),
      ...name("an answer without a record", answersWithoutRecord(history, archive)),
      ...name("two grants on record for one assertion", repeatedGrants(grants)),
      ...name("one id, two records", archive.contradictions),
      ...name(
        "archived and not indexed",
        [...archive.records.keys()].filter((id) => !indexed.has(id)),
      ),
      ...name(
        "indexed and not archived",
        [...indexed].filter((id) => !archive.records.has(id)),
      ),
    ],
    counts: {
      assertions: assertions.length,
      presentations: history.presentations.length,
      tokens: history.presentations.filter(({ told }) => told.outcome === "ok").length,
      refusals: history.presentations.filter(({ told }) => told.outcome === "fail").length,
      unknown: history.presentations.filter(({ told }) => told.outcome === "info").length,
      assertionsWithoutToken: assertions.filter(([, told]) => grantsIn(told) === 0).length,
      records: archive.records.size,
      grantsOnRecord: grants.length,
    },
  };
}

function name(property: string, culprits: readonly string[]): readonly Violation[] {
  return culprits.map((of) => ({ property, of }));
}

function grantsIn(told: readonly Told[]): number {
  return told.filter(({ outcome }) => outcome === "ok").length;
}

/** Who never heard of a token, and always heard something, was told of a replay that was none. */
function isFalseReplay([, told]: readonly [string, readonly Told[]]): boolean {
  return grantsIn(told) === 0 && told.every(({ outcome }) => outcome === "fail");
}

function strangeErrors({ presentations }: History): readonly string[] {
  return presentations.flatMap(({ told, correlationId }) => {
    const isStrange =
      (told.outcome === "info" && told.status !== null && told.status !== 503) ||
      (told.outcome === "fail" && told.error !== "invalid_grant");
    return isStrange ? [`${JSON.stringify(told)} ${correlationId ?? ""}`] : [];
  });
}

function tokensWithoutRecord({ presentations }: History, grants: readonly ArchivedRecord[]): readonly string[] {
  const recorded = new Set(grants.map(({ token_id }) => token_id));
  return presentations.flatMap(({ told }) =>
    told.outcome === "ok" && !recorded.has(told.tokenId) ? [told.tokenId] : [],
  );
}

function answersWithoutRecord({ presentations }: History, { records }: Archive): readonly string[] {
  const recorded = new Set([...records.values()].map(({ correlation_id }) => correlation_id));
  const answered = presentations.filter(({ told }) => told.outcome !== "info");
  return answered.map(({ correlationId }) => correlationId ?? "(none)").filter((id) => !recorded.has(id));
}

function repeatedGrants(grants: readonly ArchivedRecord[]): readonly string[] {
  const seen = new Set<string | null>();
  return grants.flatMap(({ assertion_hash }) => {
    if (seen.has(assertion_hash)) return [assertion_hash ?? "(none)"];
    seen.add(assertion_hash);
    return [];
  });
}
