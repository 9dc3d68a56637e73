import {
  applyD1Migrations,
  createScheduledController,
  evictDurableObject,
  runDurableObjectAlarm,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { archiveName, checkpointName, LATEST_CHECKPOINT } from "../src/audit/archive-name.ts";
import { makeAuditEvent, serializeAuditEvent, traceWithoutRequest } from "../src/audit/audit-event.ts";
import { NOTICED_KEYS } from "../src/audit/notice-keys.ts";
import { readCheckpoint } from "../src/audit/checkpoint.ts";
import { verifyArchive } from "../src/audit/verify-archive.ts";
import { VaultKeys } from "../src/vault/vault-keys.ts";
import { readEvidence } from "../src/upkeep.ts";
import worker from "../src/worker.ts";
import { inLedger, storedRows } from "./support/ledgers.ts";

const HOURLY = "7 * * * *";
const ledger = env.ASSERTION_LEDGER.getByName("ledger/v1/0");

beforeAll(async () => {
  await applyD1Migrations(env.AUDIT_INDEX, env.TEST_MIGRATIONS);
  // As if they had signed for long: a record of their own would be among those that are counted here.
  const signing = { SIGNING_KEYS: "test-current", AUDIT_SIGNING_KEYS: "test-current" };
  const noticed = { ...signing, VAULT_KEYS: VaultKeys.parse(env.VAULT_KEYS).currentId };
  await env.AUDIT_ARCHIVE.put(NOTICED_KEYS, JSON.stringify(noticed));
});

afterEach(() => {
  vi.restoreAllMocks();
});

function runHour(changes: Partial<Record<keyof Env, unknown>> = {}): Promise<void> {
  const controller = createScheduledController({ cron: HOURLY });
  return worker.scheduled(controller, { ...env, ...changes } as Env);
}

function makeKey(): ArrayBuffer {
  return crypto.getRandomValues(new Uint8Array(16)).buffer;
}

/** Events that went the whole way: ledger, queue, archive, index, and the ledger knows. */
async function archiveEvents(count: number, daysAgo = 0): Promise<void> {
  const { archived } = await ledger.status();
  for (let at = 0; at < count; at += 1) {
    const trace = traceWithoutRequest(Date.now() - daysAgo * 86_400_000);
    const event = makeAuditEvent(crypto.randomUUID(), trace, { type: "redemption", decision: "granted" });
    await ledger.record(makeKey(), event.id, serializeAuditEvent(event));
  }
  await runDurableObjectAlarm(ledger);
  await vi.waitFor(async () => expect((await ledger.status()).archived).toBe(archived + count), {
    timeout: 20_000,
    interval: 200,
  });
}

async function evidence(): Promise<{ checkpoint: string | null; keys: JsonWebKey[] }> {
  const request = new Request(`${env.ISSUER}/.well-known/crossgate-audit-checkpoint`);
  return (await worker.fetch(request as never, env)).json();
}

async function verify() {
  const { objects } = await env.AUDIT_ARCHIVE.list();
  const names = objects.map(({ key }) => key);
  const read = async (name: string) =>
    new Uint8Array((await (await env.AUDIT_ARCHIVE.get(name))?.arrayBuffer()) ?? new ArrayBuffer());
  const { checkpoint, keys } = await evidence();
  return verifyArchive({ names, read }, { keys, published: checkpoint });
}

function logged(spy: { mock: { calls: readonly unknown[][] } }): readonly Record<string, string>[] {
  return spy.mock.calls.map(([line]) => JSON.parse(String(line)) as Record<string, string>);
}

async function countIndexed(): Promise<number> {
  return (await env.AUDIT_INDEX.prepare("SELECT count(*) AS n FROM audit_event").first<number>("n")) ?? 0;
}

/** Each builds on what the one before left in the archive, as hours do. */
describe("every hour", { timeout: 60_000 }, () => {
  it("signs what the archive has, and publishes it with the keys that verify it", async () => {
    await archiveEvents(3);
    await runHour();
    const { checkpoint, keys } = await evidence();
    expect(readCheckpoint(checkpoint ?? "")).toMatchObject({ number: 1, issuer: env.ISSUER, previous: null });
    expect(JSON.stringify(keys)).not.toContain('"d"');
    expect(await verify()).toMatchObject({ findings: [], records: 3, unsignedRecords: 0, checkpoints: 1 });
  });

  it("may be kept for minutes by whoever reads it, so that nobody makes the archive answer for each", async () => {
    const request = new Request(`${env.ISSUER}/.well-known/crossgate-audit-checkpoint`);
    const { headers } = await worker.fetch(request as never, env);
    expect(headers.get("cache-control")).toBe("public, max-age=300");
  });

  it("is an outage, and no fault, while the archive does not answer", async () => {
    const silent = { get: () => Promise.reject(new Error("R2 is down")) } as unknown as R2Bucket;
    const reading = readEvidence({ ...env, AUDIT_ARCHIVE: silent });
    await expect(reading).rejects.toMatchObject({ name: "Outage", reason: "audit_archive_unavailable" });
  });

  it("chains its checkpoint to the one before", async () => {
    await archiveEvents(2);
    expect(await verify()).toMatchObject({ findings: [], unsignedRecords: 2 });
    await runHour();
    expect(await verify()).toMatchObject({ findings: [], records: 5, unsignedRecords: 0, checkpoints: 2 });
  });

  // The writer died between the checkpoint and its copy.
  it("goes on from the newest checkpoint, whatever the copy says", async () => {
    const second = await (await env.AUDIT_ARCHIVE.get(checkpointName(1)))?.text();
    await env.AUDIT_ARCHIVE.put(LATEST_CHECKPOINT, second ?? "");
    await runHour();
    expect(readCheckpoint((await evidence()).checkpoint ?? "")?.number).toBe(3);
    expect(await verify()).toMatchObject({ findings: [], checkpoints: 3 });
  });

  it("finds what the index lacks of the archive, and makes it good", async () => {
    await archiveEvents(4);
    const before = await countIndexed();
    const { chain, archived } = await ledger.status();
    await env.AUDIT_INDEX.prepare("DELETE FROM audit_event WHERE shard = ? AND sequence > ?")
      .bind(chain, archived - 4)
      .run();
    await env.AUDIT_INDEX.prepare("DELETE FROM audit_batch WHERE shard = ? AND last_sequence = ?")
      .bind(chain, archived)
      .run();
    expect(await countIndexed()).toBe(before - 4);
    const spy = vi.spyOn(console, "error").mockImplementation(() => undefined);
    await runHour();
    expect(await countIndexed()).toBe(before);
    expect(logged(spy)).toEqual([{ event: "audit_indexed_again", chain, batches: "1" }]);
    const words = await env.AUDIT_INDEX.prepare(
      "SELECT count(*) AS n FROM audit_term WHERE audit_term MATCH 'granted'",
    ).first("n");
    expect(words).toBe(before);
  });

  // As a storage is that somebody has put back: the archive knows of records that the ledger does not.
  it("tells of a ledger that was put back to an older state, before it gives numbers out twice for long", async () => {
    const { chain, last } = await ledger.status();
    const range = { chain, firstSequence: last + 1, lastSequence: last + 1, hash: "0".repeat(64) };
    await env.AUDIT_ARCHIVE.put(archiveName(range), "{}\n");
    const spy = vi.spyOn(console, "error").mockImplementation(() => undefined);
    await runHour();
    expect(logged(spy)).toEqual([{ event: "ledger_gone_back", chain, sequence: String(last) }]);
    await env.AUDIT_ARCHIVE.delete(archiveName(range));
  });

  it("takes a record that was written meanwhile for no sign of that", async () => {
    const archive = env.AUDIT_ARCHIVE;
    let meanwhile: Promise<void> | null = null;
    const list = async (options: R2ListOptions) => {
      await (meanwhile ??= archiveEvents(1));
      return archive.list(options);
    };
    const spy = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const [get, put, head] = [archive.get.bind(archive), archive.put.bind(archive), archive.head.bind(archive)];
    await runHour({ AUDIT_ARCHIVE: { list, get, put, head } });
    expect(logged(spy)).toEqual([]);
    expect(meanwhile).not.toBeNull();
  });

  it("tells of what is not in the archive any more", async () => {
    await archiveEvents(1);
    const { chain, archived } = await ledger.status();
    const { objects } = await env.AUDIT_ARCHIVE.list({ prefix: `events/v1/${chain}/` });
    const newest = objects.at(-1)?.key ?? "";
    const text = (await (await env.AUDIT_ARCHIVE.get(newest))?.text()) ?? "";
    await env.AUDIT_ARCHIVE.delete(newest);
    const spy = vi.spyOn(console, "error").mockImplementation(() => undefined);
    await runHour();
    expect(logged(spy)).toEqual([{ event: "audit_gap", chain, sequence: String(archived) }]);
    expect((await verify()).findings).toMatchObject([{ what: "truncated" }]);
    await env.AUDIT_ARCHIVE.put(newest, text);
  });

  it("takes out of the index what is older than it keeps, words and all, and nothing of the archive", async () => {
    await archiveEvents(5, 91);
    const before = await countIndexed();
    await runHour({ AUDIT_LEGAL_HOLD: "on" });
    expect(await countIndexed()).toBe(before);
    await runHour();
    expect(await countIndexed()).toBe(before - 5);
    const words = await env.AUDIT_INDEX.prepare(
      "SELECT count(*) AS n FROM audit_term WHERE audit_term MATCH 'granted'",
    ).first("n");
    expect(words).toBe(before - 5);
    expect(await verify()).toMatchObject({ findings: [] });
  });

  it("does each part by itself: what fails is told, by its class alone", async () => {
    const spy = vi.spyOn(console, "error").mockImplementation(() => undefined);
    await runHour({
      AUDIT_SIGNING_KEYS: "secret-canary",
      VAULT_KEYS: "secret-canary",
      AUDIT_INDEX: {
        prepare: () => {
          throw new TypeError("canary");
        },
      },
    });
    expect(logged(spy)).toEqual([
      { event: "audit_reconcile_failed", class: "TypeError" },
      { event: "audit_checkpoint_failed", class: "ConfigInvalid" },
      { event: "audit_key_rotation_failed", class: "ConfigInvalid" },
      { event: "audit_retention_failed", class: "TypeError" },
    ]);
    expect(JSON.stringify(spy.mock.calls)).not.toContain("canary");
  });
});

describe("a signing key that was replaced", () => {
  it("is on record by its id within the hour, once", async () => {
    const keys = JSON.parse(env.SIGNING_KEYS) as { keys: readonly { kid: string; status: string }[] };
    const rotated = keys.keys.map((key) => ({ ...key, kid: key.status === "current" ? "test-rotated" : key.kid }));
    const spy = vi.spyOn(console, "error").mockImplementation(() => undefined);
    // Without the vault's keys the others are looked at all the same.
    const changes = { SIGNING_KEYS: JSON.stringify({ keys: rotated }), VAULT_KEYS: undefined };
    await runHour(changes);
    await runHour(changes);
    expect(logged(spy)).toEqual([]);
    const ledgers = Array.from({ length: 4 }, (_, shard) => env.ASSERTION_LEDGER.getByName(`ledger/v1/${shard}`));
    const rows = await Promise.all(ledgers.map((each) => storedRows(each)));
    const recorded = rows.flat().map(({ event }) => JSON.parse(event) as Record<string, unknown>);
    const facts = { action: "rotated", document_key: "SIGNING_KEYS", key_id: "test-rotated" };
    expect(recorded.filter(({ type }) => type === "key_rotation")).toMatchObject([
      { ...facts, decision: "done", revision_before: "test-current" },
    ]);
  });
});

describe("every ten minutes", () => {
  it("wakes each ledger, and one that had lost its alarm sets it again", async () => {
    const event = makeAuditEvent(crypto.randomUUID(), traceWithoutRequest(Date.now()), {
      type: "redemption",
      decision: "granted",
    });
    await ledger.record(makeKey(), event.id, serializeAuditEvent(event));
    const alarm = () => inLedger(ledger, (_instance, { storage }) => storage.getAlarm());
    await inLedger(ledger, (_instance, { storage }) => storage.deleteAlarm());
    await evictDurableObject(ledger);
    const spy = vi.spyOn(console, "error").mockImplementation(() => undefined);
    await worker.scheduled(createScheduledController({ cron: "*/10 * * * *" }), env);
    expect(logged(spy)).toEqual([]);
    expect(await alarm()).not.toBeNull();
  });

  it("tells which ledger does not answer", async () => {
    const spy = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const silent = { getByName: () => ({ status: () => Promise.reject(new Error("unreachable")) }) };
    const changed = { ...env, ASSERTION_LEDGER: silent } as unknown as Env;
    await worker.scheduled(createScheduledController({ cron: "*/10 * * * *" }), changed);
    expect(logged(spy).map(({ event }) => event)).toEqual(Array.from({ length: 4 }, () => "ledger_unreachable"));
  });
});
