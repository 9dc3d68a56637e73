import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CROSSGATE, IDP, permitRule, policyDocument } from "../support/documents.ts";
import { acmeFiles, ruleWith, stored, writeTrust } from "./acme-fixture.ts";
import { FakeWrangler } from "./backend/fake-wrangler.ts";
import { runCrossgate } from "./run-crossgate.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { writeDocument } from "./trust-fixture.ts";

const ISSUER = ["--issuer", CROSSGATE];

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("against a local state", () => {
  let state: string;
  let local: readonly string[];

  beforeEach(async () => {
    state = await temporaryDirectory();
    local = ["--state", state, ...ISSUER];
  });

  it("applies, exports, applies and exports, and nothing has changed", async () => {
    const config = await writeTrust();
    const applied = await runCrossgate(["apply", config, ...local, "--yes"]);
    expect(applied.code).toBe(0);
    expect(applied.stdout).toContain(
      "gains    acme: agent at https://crossgate.example/mcp/files: files:read files:write",
    );
    expect(applied.stdout).toContain("wrote    policy:acme");

    const [first, second] = [join(state, "first"), join(state, "second")];
    expect((await runCrossgate(["export", first, ...local])).code).toBe(0);
    const again = await runCrossgate(["apply", first, ...local, "--yes", "--prune"]);
    expect(again).toMatchObject({ code: 0, stdout: `Nothing changes in the local state ${state}.\n` });
    await runCrossgate(["export", second, ...local]);
    for (const name of ["policy/acme.json", "client/agent.json", "idp/idp.example.com.json"]) {
      expect(await readFile(join(second, name), "utf8")).toBe(await readFile(join(first, name), "utf8"));
    }
    expect(await runCrossgate(["check", first, ...ISSUER])).toMatchObject({ code: 0 });
    expect(await runCrossgate(["diff", config, ...local])).toMatchObject({ code: 0 });
  });

  it("says what a narrowed rule takes from whom, asks, and writes nothing without an answer", async () => {
    await runCrossgate(["apply", await writeTrust(), ...local, "--yes"]);
    const narrowed = await writeTrust(acmeFiles(ruleWith({ scopes: ["files:read"], groups: ["staff"] })));
    const diff = await runCrossgate(["diff", narrowed, ...local]);
    expect(diff.code).toBe(3);
    expect(diff.stdout).toContain(
      "loses    acme: agent at https://crossgate.example/mcp/files: files:read files:write",
    );
    expect(diff.stdout).toContain("people in none of the groups that rules name");
    const unanswered = await runCrossgate(["apply", narrowed, ...local]);
    expect(unanswered.code).toBe(2);
    expect(unanswered.stderr).toContain("Give --yes to go on without asking");
    expect((await runCrossgate(["diff", narrowed, ...local])).stdout).toBe(diff.stdout);
  });

  it("writes nothing at all while there is an error", async () => {
    const config = await writeTrust(acmeFiles({ "client/typo.json": '{"client_id": "typo", "nmae": "x"}' }));
    const { code, stdout, stderr } = await runCrossgate(["apply", config, ...local, "--yes"]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(`${join(config, "client/typo.json")}: name: `);
    expect((await runCrossgate(["status", ...local, "--json"])).stdout).toContain('"documents":{"idp":0');
  });

  it("removes what no file states only when it is told to", async () => {
    await runCrossgate(["apply", await writeTrust(), ...local, "--yes"]);
    const without = await writeTrust(
      acmeFiles({ "client/agent.json": null, "policy/acme.json": policyDocument({ rules: [] }) }),
    );
    const kept = await runCrossgate(["apply", without, ...local, "--yes"]);
    expect(kept.stdout).toContain("kept     client:agent is in the local state");
    const pruned = await runCrossgate(["apply", without, ...local, "--yes", "--prune", "--json"]);
    expect(JSON.parse(pruned.stdout)).toMatchObject({
      applied: true,
      documents: [{ change: "removed", key: "client:agent" }],
    });
    expect((await runCrossgate(["status", ...local])).stdout).toContain("client 0");
  });

  it("explains under what is in force", async () => {
    await runCrossgate(["apply", await writeTrust(), ...local, "--yes"]);
    const claims = JSON.stringify({ iss: IDP, sub: "ada", scope: "files:read" });
    const command = ["explain", "--client", "agent", "--claims", "-", ...local];
    expect((await runCrossgate(command, { input: claims })).stdout).toContain("granted: Every check says yes.");
  });

  it("says that there is no such state", async () => {
    const missing = join(state, "none");
    const { code, stderr } = await runCrossgate(["status", "--state", missing]);
    expect(code).toBe(1);
    expect(stderr).toContain(`There is no local state at ${missing}`);
  });
});

describe("against a deployment", () => {
  it("reads, decides and writes by way of wrangler", async () => {
    const fake = await FakeWrangler.install(stored(acmeFiles(ruleWith({ scopes: ["files:read"] }))));
    const applied = await runCrossgate(["apply", await writeTrust(), "--remote", ...ISSUER, "--yes"]);
    expect(applied.code).toBe(0);
    expect(applied.stdout).toContain("gains    acme: agent at https://crossgate.example/mcp/files: files:write");
    const bulk = (await fake.calls()).filter(({ words }) => words[1] === "bulk");
    expect(bulk).toHaveLength(1);
    const written = JSON.parse(bulk[0]?.file ?? "[]");
    expect(written).toEqual([
      expect.objectContaining({ key: expect.stringMatching(/^change:/) as string }),
      { key: "policy:acme", value: expect.stringContaining("files:write") as string },
    ]);
  });

  it("does not write when the answer is missing", async () => {
    const fake = await FakeWrangler.install();
    expect((await runCrossgate(["apply", await writeTrust(), "--remote", ...ISSUER])).code).toBe(2);
    expect((await fake.calls()).filter(({ words }) => words[1] === "bulk")).toEqual([]);
  });

  it("explains a refusal from its record", async () => {
    const fake = await FakeWrangler.install();
    const event = {
      time: "2026-11-21T08:00:00.000Z",
      type: "redemption",
      decision: "refused",
      reason: "client_mismatch",
      check: "client_continuity",
    };
    await fake.answer("d1-execute-AUDIT_INDEX", JSON.stringify([{ results: [{ event: JSON.stringify(event) }] }]));
    const { code, stdout } = await runCrossgate(["explain", "6b1f2a", "--remote"]);
    expect(code).toBe(0);
    expect(stdout).toContain(
      "refused: client_mismatch, at the check client_continuity\n  The assertion was issued to another client.",
    );
  });

  it("counts and names what is broken", async () => {
    const fake = await FakeWrangler.install([...stored(), { key: "policy:globex", value: "{" }]);
    await fake.answer("d1-execute-AUDIT_INDEX", JSON.stringify([{ results: [] }]));
    const { code, stdout } = await runCrossgate(["status", "--remote", ...ISSUER]);
    expect(code).toBe(1);
    expect(stdout).toContain("broken       policy:globex: not JSON");
  });

  it("exports", async () => {
    await FakeWrangler.install(stored());
    const directory = await temporaryDirectory();
    expect((await runCrossgate(["export", directory, "--remote", ...ISSUER])).stdout).toContain("4 documents");
    expect(await readFile(join(directory, "policy/acme.json"), "utf8")).toContain('"id": "agent-reads-files"');
  });
});

describe("crossgate test", () => {
  it("prints each expectation, and fails when one is not met", async () => {
    const config = await writeTrust();
    const expectation = { client: "agent", claims: { iss: IDP, sub: "ada", scope: "files:read" } };
    await writeDocument(config, "expectations/agents.json", [
      { name: "ada reads", ...expectation, expect: "granted" },
      { name: "ada does not", ...expectation, expect: "refused" },
    ]);
    const { code, stdout } = await runCrossgate(["test", config, ...ISSUER]);
    expect(code).toBe(1);
    expect(stdout).toContain("ok       ada reads\nNOT OK   ada does not (");
    expect(stdout).toContain("1 met, 1 not met");
  });

  it("makes recorded decisions again under other documents, and fails when one flips", async () => {
    const fake = await FakeWrangler.install(stored());
    const event = {
      id: "e-1",
      time: new Date(Date.now() - 60_000).toISOString(),
      type: "redemption",
      decision: "granted",
      correlation_id: "c-1",
      organization: "acme",
      issuer: IDP,
      subject: "ada",
      client_id: "agent",
      resource: "https://crossgate.example/mcp/files",
      scope_asserted: "files:read",
      scope_granted: "files:read",
      judged: {
        groups: [],
        other_groups: false,
        email_domain: null,
        acr: null,
        amr: [],
        auth_time: null,
        proved_key: false,
      },
    };
    const row = { id: event.id, time: event.time, event: JSON.stringify(event) };
    await fake.answer("d1-execute-AUDIT_INDEX", JSON.stringify([{ results: [row] }]));
    const narrowed = await writeTrust(acmeFiles(ruleWith({ scopes: ["files:write"] })));
    const against = ["--against", "30", "--remote", ...ISSUER];
    const { code, stdout } = await runCrossgate(["test", narrowed, ...against]);
    expect(code).toBe(1);
    expect(stdout).toContain("was granted files:read\n           is  refused: policy_scope");
    expect((await runCrossgate(["test", narrowed, ...against, "--allow-flips"])).code).toBe(0);
    const unchanged = await runCrossgate(["test", await writeTrust(), ...against, "--json"]);
    expect(unchanged.code).toBe(0);
    expect(JSON.parse(unchanged.stdout)).toMatchObject({ recorded: 1, replayed: 1, flips: [] });
  });

  it("is met by the example", async () => {
    const { code, stdout } = await runCrossgate(["test", "config", "--local"]);
    expect(code).toBe(0);
    expect(stdout).toContain(" 0 not met");
  });
});

describe("crossgate check", () => {
  it("has nothing against the example, on this machine", async () => {
    expect(await runCrossgate(["check", "config", "--local"])).toMatchObject({ code: 0 });
    const deployed = await runCrossgate(["check", "config", "--json"]);
    expect(deployed.code).toBe(1);
    expect(JSON.parse(deployed.stdout)).toMatchObject({ documents: 6, errors: 6 });
  });

  it("takes warnings for errors when it is told to", async () => {
    const config = await writeTrust(
      acmeFiles({ "policy/acme.json": policyDocument({ rules: [permitRule({ scopes: [] })] }) }),
    );
    expect((await runCrossgate(["check", config, ...ISSUER])).code).toBe(0);
    expect((await runCrossgate(["check", config, ...ISSUER, "--strict"])).code).toBe(1);
  });
});
