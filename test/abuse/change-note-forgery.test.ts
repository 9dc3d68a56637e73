import { createScheduledController } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { AuditEvent } from "../../src/audit/audit-event.ts";
import { LIMITS } from "../../src/limits.ts";
import worker from "../../src/worker.ts";
import { TestAdmin, putAdmin } from "../support/admin.ts";
import type { Members } from "../support/documents.ts";
import { deployedRows } from "../support/ledgers.ts";
import { ISSUER } from "../support/tenant.ts";
import { makeTestKey, signText, type TestKey } from "../support/test-idp.ts";

/**
 * Whoever may write KV may leave a note of who changed what. It must never become more than his word: no administrator's
 * name without that administrator's key, no text that a record cannot hold, no stop for the notes of others.
 */
const EVERY_TEN_MINUTES = "*/10 * * * *";
const BEFORE = "AAAAAAAAAAAAAAAA";
const AFTER = "BBBBBBBBBBBBBBBB";

beforeEach(async () => {
  const { keys } = await env.TRUST_AND_POLICY.list({ prefix: "change:" });
  await Promise.all(keys.map(({ name }) => env.TRUST_AND_POLICY.delete(name)));
});
afterEach(() => {
  vi.restoreAllMocks();
});

function noteOf(changes: Members = {}): Members {
  return {
    version: 1,
    document_key: `policy:org-${crypto.randomUUID()}`,
    revision_before: BEFORE,
    revision_after: AFTER,
    by: "ada@acme.example",
    at: new Date().toISOString(),
    ...changes,
  };
}

async function leave(text: string): Promise<string> {
  const name = `change:${new Date().toISOString()}:${crypto.randomUUID()}`;
  await env.TRUST_AND_POLICY.put(name, text);
  return name;
}

function collect(): Promise<void> {
  return worker.scheduled(createScheduledController({ cron: EVERY_TEN_MINUTES }), env);
}

async function events(documentKey: string): Promise<readonly AuditEvent[]> {
  const stored = (await deployedRows()).filter(({ event }) => event !== "");
  return stored.map(({ event }) => JSON.parse(event) as AuditEvent).filter((one) => one.document_key === documentKey);
}

async function sign(note: Members, key: TestKey, { header = {}, claims = {} }: { header?: Members; claims?: Members }) {
  const head = { typ: "crossgate-change+jwt", alg: key.alg, kid: key.kid, ...header };
  return signText(JSON.stringify(head), JSON.stringify({ aud: `${ISSUER}/admin`, ...note, ...claims }), key);
}

describe("a note of who changed what", () => {
  it.each<[string, Members, string]>([
    ["a change", {}, "changed"],
    ["a new document", { revision_before: null }, "created"],
    ["a document that went", { revision_after: null }, "removed"],
  ])(
    "of %s becomes a record of what its author says, of no administrator, and is there no more",
    async (_what, changes, action) => {
      const note = noteOf(changes);
      const name = await leave(JSON.stringify(note));
      await collect();
      const [event, ...others] = await events(String(note["document_key"]));
      expect(others).toEqual([]);
      expect(event).toMatchObject({
        type: "configuration",
        action,
        decision: "done",
        claimed_by: "ada@acme.example",
        claimed_at: note["at"],
      });
      expect(event?.revision_before).toBe(note["revision_before"] ?? undefined);
      expect(event?.revision_after).toBe(note["revision_after"] ?? undefined);
      expect(event).not.toHaveProperty("admin");
      expect(await env.TRUST_AND_POLICY.get(name)).toBeNull();
    },
  );

  it("names an administrator where a key of his has signed it", async () => {
    const [admin, note] = [await TestAdmin.appoint("operator"), noteOf()];
    await leave(await sign(note, admin.key, { claims: { iss: admin.name } }));
    await collect();
    expect(await events(String(note["document_key"]))).toMatchObject([
      { action: "changed", admin: admin.name, claimed_by: "ada@acme.example" },
    ]);
  });

  it.each<[string, (admin: TestAdmin, note: Members) => Promise<string>]>([
    [
      "another key",
      async (admin, note) => sign(note, await makeTestKey("ES256", admin.key.kid), { claims: { iss: admin.name } }),
    ],
    ["no key", async (admin, note) => sign(note, admin.key, { header: { alg: "none" }, claims: { iss: admin.name } })],
    [
      "his key, for another deployment",
      (admin, note) => sign(note, admin.key, { claims: { iss: admin.name, aud: "https://other.example/admin" } }),
    ],
    [
      "his key, as a request of the admin API",
      (admin, note) => sign(note, admin.key, { header: { typ: "crossgate-admin+jwt" }, claims: { iss: admin.name } }),
    ],
    [
      "his key, long ago",
      (admin, note) => sign({ ...note, at: "2020-01-01T00:00:00.000Z" }, admin.key, { claims: { iss: admin.name } }),
    ],
    [
      "his key, in times to come",
      (admin, note) => sign({ ...note, at: "2099-01-01T00:00:00.000Z" }, admin.key, { claims: { iss: admin.name } }),
    ],
    ["his key, in the name of nobody", (admin, note) => sign(note, admin.key, { claims: { iss: "nobody" } })],
    [
      "his key, in a name that no key of KV could be",
      (admin, note) => sign(note, admin.key, { claims: { iss: "n".repeat(900) } }),
    ],
    ["his key, without a name", (admin, note) => sign(note, admin.key, {})],
    [
      "his key, with something else in it",
      (admin, note) => sign({ ...note, admin: admin.name }, admin.key, { claims: { iss: admin.name } }),
    ],
  ])("is recorded as invalid, and under no name, when it is signed by %s", async (_what, forge) => {
    const [admin, note] = [await TestAdmin.appoint("operator"), noteOf()];
    const name = await leave(await forge(admin, note));
    await collect();
    expect(await events(String(note["document_key"]))).toEqual([]);
    const [event] = await events(name);
    expect(event).toMatchObject({ action: "invalid", decision: "failed", reason: "trust_document_invalid" });
    expect(event).not.toHaveProperty("admin");
    expect(event).not.toHaveProperty("claimed_by");
    expect(await env.TRUST_AND_POLICY.get(name)).toBeNull();
  });

  it("names no administrator who has been disabled", async () => {
    const [admin, note] = [await TestAdmin.appoint("operator"), noteOf()];
    const authentication = { kind: "key", key_set: { keys: [admin.key.publicJwk] } };
    await putAdmin({ name: admin.name, role: "operator", authentication, enabled: false });
    const name = await leave(await sign(note, admin.key, { claims: { iss: admin.name } }));
    await collect();
    expect(await events(name)).toMatchObject([{ action: "invalid" }]);
  });

  it.each<[string, string]>([
    ["nothing", ""],
    ["no JSON", "{"],
    ["a list", "[]"],
    ["a member too many", JSON.stringify({ ...noteOf(), admin: "root" })],
    ["a member twice", JSON.stringify(noteOf()).replace("{", '{"by":"eve",')],
    ["__proto__", JSON.stringify(noteOf()).replace("{", '{"__proto__":{"admin":"root"},')],
    ["a document of no kind", JSON.stringify(noteOf({ document_key: "other:acme" }))],
    ["a line break in the name", JSON.stringify(noteOf({ by: "ada\nadmin: root" }))],
    ["a name that is written backwards", JSON.stringify(noteOf({ by: "ada \u202e toor" }))],
    ["a name of spaces", JSON.stringify(noteOf({ by: "  " }))],
    ["a name without end", JSON.stringify(noteOf({ by: "a".repeat(LIMITS.emailBytes + 1) }))],
    ["a revision that is none", JSON.stringify(noteOf({ revision_after: "eyJhbGciOiJFUzI1NiJ9.e30.c2lnbmF0dXJl" }))],
    ["no change at all", JSON.stringify(noteOf({ revision_before: AFTER }))],
    ["no date", JSON.stringify(noteOf({ at: "yesterday" }))],
    ["another version", JSON.stringify(noteOf({ version: 2 }))],
    ["more than a note", JSON.stringify({ ...noteOf(), by: "a".repeat(LIMITS.jwtBytes) })],
    ["what is no JWT", "a.b.c"],
  ])("is recorded as invalid, without a word of it, when it is %s", async (_what, text) => {
    const name = await leave(text);
    await collect();
    const [event, ...others] = await events(name);
    expect(others).toEqual([]);
    expect(event).toMatchObject({ action: "invalid", decision: "failed" });
    for (const member of ["claimed_by", "claimed_at", "admin", "revision_after"])
      expect(event).not.toHaveProperty(member);
    expect(await env.TRUST_AND_POLICY.get(name)).toBeNull();
  });

  it("is recorded once, however often it is found", async () => {
    const text = JSON.stringify(noteOf());
    await leave(text);
    await leave(text);
    await collect();
    await leave(text);
    await collect();
    expect(await events(String(JSON.parse(text)["document_key"]))).toHaveLength(1);
  });

  it("stays until its record is durable", async () => {
    const note = noteOf();
    const name = await leave(JSON.stringify(note));
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    vi.spyOn(console, "log").mockImplementation(() => undefined);
    const unreachable = new Proxy(env.ASSERTION_LEDGER, {
      get: () => () => {
        throw new Error("unreachable");
      },
    });
    await worker.scheduled(createScheduledController({ cron: EVERY_TEN_MINUTES }), {
      ...env,
      ASSERTION_LEDGER: unreachable,
    });
    expect(await env.TRUST_AND_POLICY.get(name)).not.toBeNull();
    await collect();
    expect(await events(String(note["document_key"]))).toHaveLength(1);
  });

  it("waits for another round where there are very many, and none is lost", async () => {
    const names = await Promise.all(
      Array.from({ length: LIMITS.changeNotesPerRound + 5 }, () => leave(JSON.stringify(noteOf()))),
    );
    const left = async () =>
      (await Promise.all(names.map((name) => env.TRUST_AND_POLICY.get(name)))).filter((text) => text !== null);
    await collect();
    expect(await left()).toHaveLength(5);
    await collect();
    expect(await left()).toEqual([]);
  });

  it("changes no document, and a namespace full of notes governs nothing", async () => {
    const note = noteOf();
    await leave(JSON.stringify(note));
    await collect();
    expect(await env.TRUST_AND_POLICY.get(String(note["document_key"]))).toBeNull();
    const admin = await TestAdmin.appoint("viewer");
    const { body } = await admin.call("/admin/v1/documents?kind=policy");
    expect(JSON.stringify(body)).not.toContain("change:");
  });
});
