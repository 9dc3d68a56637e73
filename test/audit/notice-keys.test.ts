import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import type { AuditEvent } from "../../src/audit/audit-event.ts";
import { NOTICED_KEYS, noticeKeys, readKeysSince } from "../../src/audit/notice-keys.ts";

const NOW = Date.UTC(2031, 0, 1);
const store = env.AUDIT_ARCHIVE;

async function notice(
  current: Readonly<Record<string, string>>,
  nowMilliseconds = NOW,
): Promise<readonly AuditEvent[]> {
  const events: AuditEvent[] = [];
  await noticeKeys({ store, record: async (event) => void events.push(event), nowMilliseconds }, current);
  return events;
}

describe("the keys that sign", () => {
  it("are recorded when they are first seen, and when one is another than before", async () => {
    const first = await notice({ SIGNING_KEYS: "a", AUDIT_SIGNING_KEYS: "x" });
    expect(first).toMatchObject([
      { type: "key_rotation", action: "created", document_key: "SIGNING_KEYS", key_id: "a" },
      { type: "key_rotation", action: "created", document_key: "AUDIT_SIGNING_KEYS", key_id: "x" },
    ]);
    expect(await notice({ SIGNING_KEYS: "a", AUDIT_SIGNING_KEYS: "x" })).toEqual([]);
    expect(await notice({ SIGNING_KEYS: "a", AUDIT_SIGNING_KEYS: "y" })).toMatchObject([
      { action: "rotated", document_key: "AUDIT_SIGNING_KEYS", revision_before: "x", revision_after: "y" },
    ]);
  });

  it("are remembered each with since when it is current, and one that changes leaves the others' age alone", async () => {
    await notice({ SIGNING_KEYS: "k1", AUDIT_SIGNING_KEYS: "k1" }, NOW);
    await notice({ SIGNING_KEYS: "k1", AUDIT_SIGNING_KEYS: "k2" }, NOW + 3_600_000);
    expect(await readKeysSince(store)).toEqual({ SIGNING_KEYS: NOW, AUDIT_SIGNING_KEYS: NOW + 3_600_000 });
  });

  it("are remembered while there is none: one that comes back is no other", async () => {
    await notice({ SIGNING_KEYS: "m1", VAULT_KEYS: "m1" });
    await notice({ SIGNING_KEYS: "m2" });
    expect(await notice({ SIGNING_KEYS: "m2", VAULT_KEYS: "m1" })).toEqual([]);
  });

  it("are known by what was remembered without since when, and of no known age", async () => {
    await store.put(NOTICED_KEYS, JSON.stringify({ SIGNING_KEYS: "k1" }));
    expect(await readKeysSince(store)).toEqual({});
    expect(await notice({ SIGNING_KEYS: "k1" })).toEqual([]);
  });

  // Otherwise a ledger that is down for a moment would swallow a rotation.
  it("are not taken as seen before their record is kept, and then have the same id", async () => {
    const current = { SIGNING_KEYS: "b", AUDIT_SIGNING_KEYS: "y" };
    await store.put(NOTICED_KEYS, JSON.stringify({ ...current, SIGNING_KEYS: "a" }));
    const record = vi.fn(async (_event: AuditEvent) => Promise.reject(new Error("down")));
    await expect(noticeKeys({ store, record, nowMilliseconds: NOW }, current)).rejects.toThrow("down");
    const [again] = await notice(current);
    expect(again?.id).toBe(record.mock.calls[0]?.[0].id);
  });
});
