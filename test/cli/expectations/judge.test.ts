import { describe, expect, it } from "vitest";
import { judge } from "../../../cli/expectations/judge.ts";
import { readExpectations } from "../../../cli/expectations/expectation.ts";
import { storeOver } from "../../../cli/explain/trust-texts.ts";
import { ThrowawayKeys } from "../../../src/explain/throwaway-keys.ts";
import { CROSSGATE, IDP, type Members, RESOURCE } from "../../support/documents.ts";
import { acmeFiles, DEPLOYMENT, ruleWith, stored, writeTrust } from "../acme-fixture.ts";

const NOW = 1_795_000_000;
const CLAIMS = { iss: IDP, sub: "ada", scope: "files:read files:write" };
const GRANTED = { name: "ada may", client: "agent", claims: CLAIMS, expect: "granted" };

async function judgeOne(expectation: Members, documents = stored(acmeFiles())) {
  const directory = await writeTrust({ "expectations/one.json": JSON.stringify([{ ...GRANTED, ...expectation }]) });
  const [file] = await readExpectations(directory);
  const world = { issuer: CROSSGATE, store: storeOver(documents, DEPLOYMENT.rules), keys: new ThrowawayKeys() };
  const [parsed] = file?.expectations ?? [];
  if (parsed === undefined) throw new Error("there is one expectation");
  const { passed, instead } = await judge(parsed, world, NOW);
  return { passed, instead };
}

describe("judge", () => {
  it.each<[string, Members]>([
    ["a grant", {}],
    ["the scope of a grant, in any order", { granted_scope: "files:write files:read" }],
    ["a narrower request", { scope: "files:read", granted_scope: "files:read" }],
    ["a refusal", { client: "x", expect: "refused" }],
    ["the reason of a refusal", { claims: { ...CLAIMS, aud: "x" }, expect: "refused", reason: "assertion_audience" }],
    ["claims of long ago, judged as of then", { claims: { ...CLAIMS, iat: 1_600_000_000 } }],
    ["a server named in the request", { resource: RESOURCE }],
  ])("is satisfied by %s", async (_what, expectation) => {
    expect(await judgeOne(expectation)).toEqual({ passed: true, instead: null });
  });

  it.each<[string, Members, string]>([
    ["a grant where none was expected", { expect: "refused" }, "granted files:read files:write"],
    [
      "a refusal where none was expected",
      { claims: { ...CLAIMS, aud: "x" } },
      "refused: assertion_audience: The assertion is for somebody else.",
    ],
    ["another reason", { client: "x", expect: "refused", reason: "policy_denied" }, "refused for client_unknown"],
    ["another scope", { granted_scope: "files:read" }, "granted files:read files:write"],
  ])("tells what came instead: %s", async (_what, expectation, instead) => {
    expect(await judgeOne(expectation)).toEqual({ passed: false, instead: expect.stringContaining(instead) });
  });

  it("takes a failure of ours for neither", async () => {
    const broken = [...stored(acmeFiles({ "policy/acme.json": null })), { key: "policy:acme", value: "{", path: "" }];
    for (const expected of ["granted", "refused"]) {
      expect(await judgeOne({ expect: expected }, broken)).toMatchObject({ passed: false });
    }
  });

  const held = acmeFiles(
    ruleWith({
      scopes: "any",
      calls: { tools: ["read_file"], condition: 'arguments.path != "/etc"' },
      approval: { approvers: { groups: ["leads"] } },
    }),
  );

  it.each<[string, Members, Members]>([
    ["a call that goes on", { call: { tool: "read_file" }, expect: "forwarded" }, acmeFiles()],
    ["a list", { call: { method: "tools/list" }, expect: "forwarded" }, acmeFiles()],
    ["a call that is refused", { call: { tool: "format_disk" }, expect: "refused" }, acmeFiles()],
    ["its reason", { call: { tool: "format_disk" }, expect: "refused", reason: "operation_unknown" }, acmeFiles()],
    ["the refusal of its token", { client: "x", call: { tool: "read_file" }, expect: "refused" }, acmeFiles()],
    ["a call that waits", { call: { tool: "read_file", arguments: { path: "/a" } }, expect: "held" }, held],
    [
      "a call that its arguments decide",
      { call: { tool: "read_file", arguments: { path: "/etc" } }, expect: "refused", reason: "call_no_rule" },
      held,
    ],
  ])("is satisfied by %s", async (_what, expectation, files) => {
    expect(await judgeOne(expectation, stored(files as never))).toEqual({ passed: true, instead: null });
  });

  it("tells what became of a call instead", async () => {
    expect(await judgeOne({ call: { tool: "read_file", arguments: {} }, expect: "refused" })).toEqual({
      passed: false,
      instead: "forwarded: The call goes to the server.",
    });
    const reason = { call: { tool: "format_disk" }, expect: "refused", reason: "policy_denied" };
    expect((await judgeOne(reason)).instead).toContain("refused: operation_unknown");
  });

  it("lets the client prove a key", async () => {
    const documents = stored(acmeFiles(ruleWith({ dpop_required: true })));
    expect((await judgeOne({}, documents)).passed).toBe(false);
    expect((await judgeOne({ dpop: true }, documents)).passed).toBe(true);
  });
});

describe("readExpectations", () => {
  it.each<[string, string, string]>([
    ["what is not JSON", "[", "one.json: not JSON: Unexpected end of JSON input at line 1, column 2"],
    ["what is no list", "{}", "expected array"],
    ["a call that is granted", JSON.stringify([{ ...GRANTED, call: { tool: "a" } }]), "0.expect: claims are granted"],
    ["claims that are held", JSON.stringify([{ ...GRANTED, expect: "held" }]), "0.expect: claims are granted"],
    ["a call of nothing", JSON.stringify([{ ...GRANTED, call: {}, expect: "held" }]), "0.call: write"],
    ["an unknown member", JSON.stringify([{ ...GRANTED, expected: "granted" }]), "0: Unrecognized key"],
    [
      "an unknown reason",
      JSON.stringify([{ ...GRANTED, expect: "refused", reason: "because" }]),
      "0.reason: no reason of",
    ],
    [
      "a reason for a grant",
      JSON.stringify([{ ...GRANTED, reason: "policy_denied" }]),
      "0.reason: only what is refused",
    ],
    [
      "a scope for a refusal",
      JSON.stringify([{ ...GRANTED, expect: "refused", granted_scope: "a" }]),
      "0.granted_scope: only",
    ],
  ])("refuses %s, naming file and place", async (_what, text, complaint) => {
    const directory = await writeTrust({ "expectations/one.json": text });
    await expect(readExpectations(directory)).rejects.toThrow(complaint);
    await expect(readExpectations(directory)).rejects.toThrow("one.json");
  });

  it("says how to begin where there are none", async () => {
    await expect(readExpectations(await writeTrust({}))).rejects.toThrow(
      "expectations holds no expectations. Write a file",
    );
  });
});
