import { afterEach, describe, expect, it, vi } from "vitest";
import { AuditIndexMissing } from "../../../cli/backend/audit-index-missing.ts";
import { WranglerBackend } from "../../../cli/backend/wrangler-backend.ts";
import { FakeWrangler } from "./fake-wrangler.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

const NAMESPACE = ["--binding", "TRUST_AND_POLICY", "--remote", "--config", expect.stringMatching(/wrangler\.toml$/)];

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

  it("writes everything at once, and removes everything at once", async () => {
    const fake = await FakeWrangler.install();
    const put = [
      { key: "policy:acme", value: "{}" },
      { key: "client:agent", value: "[]" },
    ];
    await new WranglerBackend().write({ put, remove: ["client:gone"] });
    const calls = await fake.calls();
    expect(calls.map(({ words }) => words)).toEqual([
      ["kv", "bulk", "put", expect.any(String), ...NAMESPACE],
      ["kv", "bulk", "delete", expect.any(String), "--force", ...NAMESPACE],
    ]);
    expect(calls.map(({ file }) => JSON.parse(file ?? ""))).toEqual([put, ["client:gone"]]);
  });

  it("calls nothing for nothing", async () => {
    const fake = await FakeWrangler.install();
    await new WranglerBackend().write({ put: [], remove: [] });
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
