import { afterEach, describe, expect, it, vi } from "vitest";
import { AuditIndexMissing } from "../../../cli/backend/audit-index-missing.ts";
import { WranglerBackend } from "../../../cli/backend/wrangler-backend.ts";
import { NOTE_SECONDS } from "../../../cli/backend/change-notes.ts";
import { changeNoteSchema } from "../../../src/trust/change-note.ts";
import { revisionOf } from "../../../src/trust/revision.ts";
import { FakeWrangler } from "./fake-wrangler.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

const NAMESPACE = ["--binding", "TRUST_AND_POLICY", "--remote", "--config", expect.stringMatching(/wrangler\.toml$/)];

const ada = async () => ({ by: "ada@acme.example", signer: null });

describe("WranglerBackend", () => {
  it("reads the documents, byte for byte, and no other key", async () => {
    const documents = [
      { key: "policy:acme", value: '{"organization":"acme",\n "rules":[]}\n' },
      { key: "somebody-else:x", value: "not ours" },
      { key: "idp:https://idp.example.com/", value: "ünïcode" },
    ];
    const fake = await FakeWrangler.install(documents);
    expect(await new WranglerBackend().readDocuments()).toEqual([documents[2], documents[0]]);
    const [list, ...gets] = await fake.calls();
    expect(list?.words).toEqual(["kv", "key", "list", ...NAMESPACE]);
    expect(gets.map(({ words }) => words[3]).toSorted()).toEqual(["idp:https://idp.example.com/", "policy:acme"]);
    expect(gets[0]?.words).toEqual(["kv", "key", "get", expect.any(String), ...NAMESPACE]);
  });

  it("writes everything at once with who wrote it, and removes everything at once", async () => {
    const fake = await FakeWrangler.install([
      { key: "policy:acme", value: "{ }" },
      { key: "client:gone", value: "1" },
    ]);
    const backend = new WranglerBackend();
    await backend.readDocuments();
    const put = [
      { key: "policy:acme", value: "{}" },
      { key: "client:agent", value: "[]" },
    ];
    await backend.write({ put, remove: ["client:gone"] }, ada);
    const calls = (await fake.calls()).slice(-2);
    expect(calls.map(({ words }) => words)).toEqual([
      ["kv", "bulk", "put", expect.any(String), ...NAMESPACE],
      ["kv", "bulk", "delete", expect.any(String), "--force", ...NAMESPACE],
    ]);
    const [written, removed] = calls.map(({ file }) => JSON.parse(file ?? ""));
    expect(removed).toEqual(["client:gone"]);
    expect(written.slice(-2)).toEqual(put);
    const notes = written.slice(0, -2) as { key: string; value: string; expiration_ttl: number }[];
    const told = notes.map(({ value }) => changeNoteSchema.parse(JSON.parse(value)));
    expect(told.map(({ document_key, by }) => [document_key, by])).toEqual(
      ["policy:acme", "client:agent", "client:gone"].map((key) => [key, "ada@acme.example"]),
    );
    expect(told.map(({ revision_before, revision_after }) => [revision_before, revision_after])).toEqual([
      [await revisionOf("{ }"), await revisionOf("{}")],
      [null, await revisionOf("[]")],
      [await revisionOf("1"), null],
    ]);
    for (const { key, expiration_ttl } of notes) {
      expect(key).toMatch(/^change:\d{4}-/);
      expect(expiration_ttl).toBe(NOTE_SECONDS);
    }
  });

  it.each([
    ["edited", "policy:acme", "[1]", ["policy:acme"]],
    ["removed", "policy:acme", null, ["policy:acme"]],
    ["made", "client:agent", "[]", ["client:agent"]],
    ["edited, which was to be removed", "client:gone", "2", ["client:gone"]],
  ])("writes nothing over what somebody else has %s meanwhile", async (_what, key, value, named) => {
    const inForce = new Map([
      ["policy:acme", "{ }"],
      ["client:gone", "1"],
    ]);
    const fake = await FakeWrangler.install([...inForce].map(([name, text]) => ({ key: name, value: text })));
    const backend = new WranglerBackend();
    await backend.readDocuments();
    if (value === null) inForce.delete(key);
    else inForce.set(key, value);
    await fake.answer("kv-key-list", JSON.stringify([...inForce.keys()].map((each) => ({ name: each }))));
    await fake.answer(encodeURIComponent(key), value ?? "");
    const put = ["policy:acme", "client:agent"].map((each) => ({ key: each, value: "{}" }));
    await expect(backend.write({ put, remove: ["client:gone"] }, ada)).rejects.toThrow(
      `Nothing was written: somebody else has changed ${named.join(", ")} meanwhile; run it again.`,
    );
    expect((await fake.calls()).filter(({ words }) => words[1] === "bulk")).toEqual([]);
  });

  it("minds no edit of what it does not write", async () => {
    const fake = await FakeWrangler.install([{ key: "policy:other", value: "{ }" }]);
    const backend = new WranglerBackend();
    await backend.readDocuments();
    await fake.answer(encodeURIComponent("policy:other"), "{}");
    await backend.write({ put: [{ key: "client:agent", value: "[]" }], remove: [] }, ada);
    expect((await fake.calls()).filter(({ words }) => words[1] === "bulk")).toHaveLength(1);
  });

  it("calls nothing for nothing", async () => {
    const fake = await FakeWrangler.install();
    await new WranglerBackend().write({ put: [], remove: [] }, ada);
    expect(await fake.calls()).toEqual([]);
  });

  it("asks the audit index", async () => {
    const fake = await FakeWrangler.install();
    await fake.answer("d1-execute-AUDIT_INDEX", JSON.stringify([{ results: [{ n: 7 }], success: true }]));
    expect(await new WranglerBackend().query("SELECT 7 AS n")).toEqual([{ n: 7 }]);
    expect((await fake.calls())[0]?.words).toEqual(
      expect.arrayContaining(["--remote", "--json", "--command", "SELECT 7 AS n"]),
    );
  });

  it("tells an index without tables from one that cannot be asked", async () => {
    const fake = await FakeWrangler.install();
    await fake.answer("d1-execute-AUDIT_INDEX.stderr", "no such table: audit_event: SQLITE_ERROR");
    await expect(new WranglerBackend().query("SELECT 1")).rejects.toBeInstanceOf(AuditIndexMissing);
    await fake.answer("d1-execute-AUDIT_INDEX.stderr", "Authentication error");
    const asking = new WranglerBackend().query("SELECT 1");
    await expect(asking).rejects.not.toBeInstanceOf(AuditIndexMissing);
    await expect(asking).rejects.toThrow("wrangler d1 execute AUDIT_INDEX failed: Authentication error");
  });

  it("says so when wrangler answers something else than it used to", async () => {
    const fake = await FakeWrangler.install();
    await fake.answer("kv-key-list", "▲ [WARNING] something\n[]");
    await expect(new WranglerBackend().readDocuments()).rejects.toThrow("wrangler kv key list answered something else");
  });
});
