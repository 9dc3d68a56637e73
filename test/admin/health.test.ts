import { describe, expect, it } from "vitest";
import type { AuditTrail } from "../../src/admin/dependencies.ts";
import { type HealthFacts, judgeHealth } from "../../src/admin/health.ts";
import { LIMITS } from "../../src/limits.ts";

const AGE = LIMITS.signingKeyAgeSeconds * 1000;
const NOW = Date.parse("2026-11-21T08:00:00Z");
const LEDGER = { pending: 0, oldestPending: null, archived: 7 };
const SINK = {
  name: "siem",
  isReachable: true,
  behind: 0,
  failures: 0,
  error: "",
  deliveredAtMilliseconds: NOW - 5000,
  rejected: 0,
  missed: 0,
  unread: 0,
};
const VAULT = { currentKid: "v2", secretsByKey: { v2: 3 }, vaults: 1, rotation: null };
const ROTATION = {
  startedAtMilliseconds: NOW - 60_000,
  finishedAtMilliseconds: null,
  vaultsDone: 0,
  rewrapped: 0,
  damaged: 0,
  failures: 0,
};
const TRAIL: AuditTrail = {
  ledgers: [LEDGER],
  sinks: [SINK],
  checkpointAtMilliseconds: NOW - 60_000,
  indexBehind: 0,
  keysSinceMilliseconds: { SIGNING_KEYS: NOW - 86_400_000 },
};
const KEY_SET = { issuer: "https://idp.example.com", keys: 1, attempted_at: null, failures: 0 };
const SOUND: HealthFacts = {
  documents: [{ key: "policy:acme", problem: null }],
  keySets: [{ ...KEY_SET, fetched_at: "2026-11-21T07:00:01.000Z" }],
  trail: TRAIL,
  indexAnswers: true,
  vault: VAULT,
  nowMilliseconds: NOW,
};

function told(changes: Partial<HealthFacts>) {
  return judgeHealth({ ...SOUND, ...changes }).map(({ severity, what }) => `${severity} ${what}`);
}

function trail(changes: Partial<AuditTrail>): Partial<HealthFacts> {
  return { trail: { ...TRAIL, ...changes } };
}

function keySet(failures: number, fetched_at: string | null): Partial<HealthFacts> {
  return { keySets: [{ ...KEY_SET, failures, fetched_at }] };
}

describe("health", () => {
  it("is nothing to look at where all is well", () => {
    expect(judgeHealth(SOUND)).toEqual([]);
  });

  it.each<[string, Partial<HealthFacts>, readonly string[]]>([
    [
      "a broken document",
      { documents: [{ key: "policy:x", problem: { path: "rules", reason: "no list" } }] },
      ["alert document_broken"],
    ],
    ["a key set that fails and is fresh", keySet(1, "2026-11-21T07:00:01.000Z"), ["warn key_set_unfetched"]],
    ["a key set that fails and is stale", keySet(1, "2026-11-21T07:00:00.000Z"), ["alert key_set_unfetched"]],
    ["a key set that was never fetched", keySet(3, null), ["alert key_set_unfetched"]],
    ["a key set that nobody has needed yet", keySet(0, null), []],
    ["an index that does not answer", { indexAnswers: false }, ["warn index_unavailable"]],
    ["a trail that cannot be read", { trail: null }, ["alert trail_unknown"]],
    ["a ledger that does not answer", trail({ ledgers: [LEDGER, null] }), ["alert ledger_unreachable"]],
    ["records that waited for minutes", waiting(LIMITS.auditWarnSeconds), ["warn archive_behind"]],
    ["records that wait, but not for long", waiting(LIMITS.auditWarnSeconds - 1), []],
    ["records that waited for an hour", waiting(LIMITS.auditAlertSeconds), ["alert archive_behind"]],
    [
      "a ledger that is full",
      trail({ ledgers: [{ ...LEDGER, pending: LIMITS.outboxEvents }] }),
      ["alert archive_behind"],
    ],
    ["a sink that fails", trail({ sinks: [{ ...SINK, failures: 1, error: "status_503" }] }), ["warn sink_failing"]],
    [
      "a sink that has failed for long",
      trail({ sinks: [{ ...SINK, failures: LIMITS.sinkFailuresAlert }] }),
      ["alert sink_failing"],
    ],
    ["a sink that does not answer", trail({ sinks: [{ ...SINK, isReachable: false }] }), ["warn sink_unreachable"]],
    ["a receiver that throws away", trail({ sinks: [{ ...SINK, rejected: 1 }] }), ["warn sink_rejects"]],
    ["a checkpoint of some hours", checkpoint(LIMITS.checkpointWarnSeconds), ["warn checkpoint_old"]],
    ["a checkpoint that is due", checkpoint(LIMITS.checkpointWarnSeconds - 1), []],
    ["a checkpoint of a day", checkpoint(LIMITS.checkpointAlertSeconds), ["alert checkpoint_old"]],
    ["records and no checkpoint", trail({ checkpointAtMilliseconds: null }), ["warn checkpoint_old"]],
    [
      "neither records nor a checkpoint",
      trail({ ledgers: [{ ...LEDGER, archived: 0 }], checkpointAtMilliseconds: null }),
      [],
    ],
    [
      "the one key of several that is old",
      trail({
        keysSinceMilliseconds: { SIGNING_KEYS: NOW, AUDIT_SIGNING_KEYS: NOW - AGE, VAULT_KEYS: NOW - AGE + 1000 },
      }),
      ["warn keys_due"],
    ],
    ["keys that nobody has looked at yet", trail({ keysSinceMilliseconds: {} }), []],
    ["an index that lacks records", trail({ indexBehind: 7 }), ["warn index_behind"]],
    ["an index whose lag is not known", trail({ indexBehind: null }), []],
    ["a sink that records were gone from under", trail({ sinks: [{ ...SINK, missed: 2 }] }), ["warn sink_missed"]],
    ["a sink that was sent what cannot be read", trail({ sinks: [{ ...SINK, unread: 2 }] }), ["warn sink_unread"]],
    ["a vault that does not answer", { vault: null }, ["alert vault_unavailable"]],
    ["a vault without its keys", { vault: { ...VAULT, currentKid: null } }, ["alert vault_keys_missing"]],
    [
      "an empty vault without keys",
      { vault: { ...VAULT, currentKid: null, secretsByKey: {} } },
      ["warn vault_keys_missing"],
    ],
    [
      "secrets under an older key",
      { vault: { ...VAULT, secretsByKey: { v1: 2, v2: 1 } } },
      ["warn vault_rotation_due"],
    ],
    ["secrets that are being rotated", { vault: { ...VAULT, secretsByKey: { v1: 2 }, rotation: ROTATION } }, []],
    [
      "a rotation that fails",
      { vault: { ...VAULT, rotation: { ...ROTATION, failures: 2 } } },
      ["warn vault_rotation_failing"],
    ],
    [
      "a rotation that has ended with damaged records",
      { vault: { ...VAULT, rotation: { ...ROTATION, finishedAtMilliseconds: NOW, failures: 1, damaged: 1 } } },
      ["warn vault_damaged"],
    ],
  ])("tells of %s", (_name, changes, expected) => {
    expect(told(changes)).toEqual(expected);
  });

  it("says since when, in words, and the worst first", () => {
    const [first, second] = judgeHealth({ ...SOUND, indexAnswers: false, ...keySet(4, "2026-11-20T07:00:00.000Z") });
    expect(first?.says).toBe(
      "The keys of https://idp.example.com cannot be fetched since 2026-11-20T07:00:00.000Z (4 failures in a row): its users get 503.",
    );
    expect(second?.what).toBe("index_unavailable");
  });
});

function waiting(seconds: number): Partial<HealthFacts> {
  return trail({ ledgers: [{ ...LEDGER, pending: 3, oldestPending: NOW - seconds * 1000 }] });
}

function checkpoint(seconds: number): Partial<HealthFacts> {
  return trail({ checkpointAtMilliseconds: NOW - seconds * 1000 });
}
