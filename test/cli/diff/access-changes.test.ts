import { describe, expect, it } from "vitest";
import { findAccessChanges } from "../../../cli/diff/access-changes.ts";
import { readTrustSet } from "../../../cli/trust-set.ts";
import { DETAILS_TYPES } from "../../support/details.ts";
import {
  clientDocument,
  denyRule,
  IDP,
  idpDocument,
  permitRule,
  RESOURCE,
  resourceDocument,
} from "../../support/documents.ts";
import { acmeFiles, DEPLOYMENT, type Files, policyWith, ruleWith, stored } from "../acme-fixture.ts";

const NOW = 1_795_000_000;
const READ = "files:read";
const WRITE = "files:write";

function setOf(changes: Files) {
  return readTrustSet(stored(acmeFiles(changes)), DEPLOYMENT.rules);
}

async function compare(before: Files, after: Files) {
  const { changes, ...extent } = await findAccessChanges({
    before: setOf(before),
    after: setOf(after),
    nowSeconds: NOW,
  });
  const told = changes.map(({ change, client, scopes, who }) => [change, client, scopes.join(" "), ...who]);
  return { told, ...extent };
}

const FAMILY = "https://agents.example.net/*";
const RED = "https://agents.example.net/red/client.json";
const published = { methods: ["private_key_jwt"], metadata_document: true };
const family = { "client/family.json": clientDocument({ client_id: FAMILY, authentication: published }) };

const multiTenant = {
  "idp/idp.example.com.json": idpDocument({
    organization: undefined,
    tenants: { t1: "acme", t2: "acme", t3: "globex" },
  }),
};

describe("findAccessChanges", () => {
  it.each<[string, Files, Files, readonly (readonly string[])[]]>([
    ["nothing", {}, {}, []],
    ["a rule with another name", {}, ruleWith({ id: "renamed", description: "the same" }), []],
    [
      "a rule in another place",
      policyWith(permitRule(), denyRule({ groups: ["x"] })),
      policyWith(denyRule({ groups: ["x"] }), permitRule()),
      [],
    ],
    ["a wider rule", ruleWith({ scopes: [READ] }), {}, [["gains", "agent", WRITE, "everybody"]]],
    ["a narrower rule", {}, ruleWith({ scopes: [READ] }), [["loses", "agent", WRITE, "everybody"]]],
    [
      "one client of a family",
      family,
      { ...family, ...ruleWith({ clients: [RED] }) },
      [
        ["loses", "agent", `${READ} ${WRITE}`, "everybody"],
        ["gains", RED, `${READ} ${WRITE}`, "everybody"],
      ],
    ],
    [
      "a family that goes",
      { ...family, ...ruleWith({ clients: [FAMILY] }) },
      ruleWith({ clients: [FAMILY] }),
      [["loses", FAMILY, `${READ} ${WRITE}`, "everybody"]],
    ],
    [
      "a rule for a group",
      {},
      ruleWith({ groups: ["staff"] }),
      [["loses", "agent", `${READ} ${WRITE}`, "people in none of the groups that rules name"]],
    ],
    [
      "another group",
      ruleWith({ groups: ["staff"] }),
      ruleWith({ groups: ["staff", "interns"] }),
      [["gains", "agent", `${READ} ${WRITE}`, 'people in the group "interns"']],
    ],
    [
      "a deny for somebody",
      {},
      policyWith(permitRule(), denyRule({ subjects: ["eve", "mallory"] })),
      [["loses", "agent", `${READ} ${WRITE}`, 'people with the subject "eve" or "mallory"']],
    ],
    [
      "a deny for everybody",
      {},
      policyWith(permitRule(), denyRule()),
      [["loses", "agent", `${READ} ${WRITE}`, "everybody"]],
    ],
    [
      "both at once",
      ruleWith({ scopes: [READ], groups: ["staff"] }),
      ruleWith({ scopes: [READ, WRITE], groups: ["admins"] }),
      [
        ["loses", "agent", READ, 'people in the group "staff"'],
        ["gains", "agent", `${READ} ${WRITE}`, 'people in the group "admins"'],
      ],
    ],
    [
      "a domain",
      {},
      ruleWith({ email_domains: ["acme.example"] }),
      [["loses", "agent", `${READ} ${WRITE}`, "people with any other address"]],
    ],
    [
      "an actor",
      ruleWith({ actors: ["bot"] }),
      {},
      [["gains", "agent", `${READ} ${WRITE}`, "people for whom no named actor acts"]],
    ],
    [
      "a sign-in method",
      {},
      ruleWith({ amr: ["hwk"] }),
      [["loses", "agent", `${READ} ${WRITE}`, "people who signed in otherwise"]],
    ],
    [
      "a sign-in class",
      {},
      ruleWith({ acr: ["gold"] }),
      [["loses", "agent", `${READ} ${WRITE}`, "people whose sign-in states no acr that rules name"]],
    ],
    [
      "an age of the sign-in",
      {},
      ruleWith({ maximum_authentication_age_seconds: 60 }),
      [["loses", "agent", `${READ} ${WRITE}`, "people whose sign-in is too old or without auth_time"]],
    ],
    [
      "a key-bound token",
      {},
      ruleWith({ dpop_required: true }),
      [["loses", "agent", `${READ} ${WRITE}`, "people whose client proves no key"]],
    ],
    [
      "a client that must prove a key",
      {},
      { "client/agent.json": clientDocument({ dpop_required: true }) },
      [["loses", "agent", `${READ} ${WRITE}`, "people whose client proves no key"]],
    ],
    [
      "an expression that looks at the scope",
      {},
      ruleWith({ condition: `!("${WRITE}" in scope)` }),
      [["loses", "agent", WRITE, "everybody"]],
    ],
    [
      "an expression that names somebody",
      {},
      ruleWith({ condition: 'subject != "eve"' }),
      [["loses", "agent", `${READ} ${WRITE}`, 'people with the subject "eve"']],
    ],
    [
      "a client's own ceiling",
      { "client/agent.json": clientDocument({ scopes: [READ] }) },
      {},
      [["gains", "agent", WRITE, "everybody"]],
    ],
    [
      "a disabled client",
      {},
      { "client/agent.json": clientDocument({ enabled: false }) },
      [["loses", "agent", `${READ} ${WRITE}`, "everybody"]],
    ],
    ["a new client", { "client/agent.json": null }, {}, [["gains", "agent", `${READ} ${WRITE}`, "everybody"]]],
    [
      "a scope that the server no longer defines",
      {},
      {
        "resource/files.json": resourceDocument({
          scopes: { [READ]: { description: "Read", methods: ["tools/list"], tools: ["read_file"] } },
        }),
      },
      [["loses", "agent", WRITE, "everybody"]],
    ],
    [
      "a disabled server",
      {},
      { "resource/files.json": resourceDocument({ enabled: false }) },
      [["loses", "agent", `${READ} ${WRITE}`, "everybody"]],
    ],
    [
      "an issuer more",
      {},
      { "idp/second.json": idpDocument({ issuer: "https://second.example.com" }) },
      [["gains", "agent", `${READ} ${WRITE}`, "people of https://second.example.com"]],
    ],
    ["an issuer less", {}, { "idp/idp.example.com.json": null }, [["loses", "agent", `${READ} ${WRITE}`, "everybody"]]],
    [
      "a tenant",
      multiTenant,
      { ...multiTenant, ...ruleWith({ tenants: ["t1"] }) },
      [["loses", "agent", `${READ} ${WRITE}`, 'people of https://idp.example.com, tenant "t2"']],
    ],
    ["a policy that is gone", {}, { "policy/acme.json": null }, [["loses", "agent", `${READ} ${WRITE}`, "everybody"]]],
  ])("names who gains and who loses by %s", async (_what, before, after, told) => {
    const compared = await compare(before, after);
    expect(compared.told).toEqual(expect.arrayContaining([...told]));
    expect(compared.told).toHaveLength(told.length);
    expect(compared.compared).toBe(compared.possible);
  });

  it.each<[string, Files, Files, string, string]>([
    ["a shorter life", {}, ruleWith({ token_lifetime_seconds: 200 }), "shorter", "tokens last 200 s instead of 300 s"],
    ["a longer one", ruleWith({ token_lifetime_seconds: 200 }), {}, "longer", "tokens last 300 s instead of 200 s"],
    [
      "a shorter one at the server",
      {},
      { "resource/files.json": resourceDocument({ token_lifetime_seconds: 60 }) },
      "shorter",
      "tokens last 60 s instead of 300 s",
    ],
    ["a key", {}, ruleWith({ dpop_required: true }), "loses", "from now on only with proof of a key (DPoP)"],
    ["no key any more", ruleWith({ dpop_required: true }), {}, "gains", "so far only with proof of a key (DPoP)"],
    [
      "a key at the server",
      {},
      { "resource/files.json": resourceDocument({ dpop_required: true }) },
      "loses",
      "from now on only with proof of a key (DPoP)",
    ],
    ["a better sign-in", {}, ruleWith({ acr: ["gold"] }), "loses", "from now on only with acr gold"],
    [
      "a fresher sign-in",
      {},
      ruleWith({ maximum_authentication_age_seconds: 60 }),
      "loses",
      "from now on only within 60 s of signing in",
    ],
  ])("says in words what %s means", async (_what, before, after, change, note) => {
    const { changes } = await findAccessChanges({
      before: setOf(before),
      after: setOf(after),
      nowSeconds: NOW,
    });
    expect(changes).toMatchObject([{ change, scopes: [READ, WRITE], note }]);
  });

  const PAYMENTS = resourceDocument({ authorization_details_types: DETAILS_TYPES });
  const paying = (types: unknown): Files => ({
    "resource/files.json": PAYMENTS,
    ...ruleWith({ authorization_details_types: types }),
  });

  it.each<[string, Files, Files, readonly (readonly [string, readonly string[], string])[]]>([
    ["a type that a rule grants", paying(undefined), paying(["payment"]), [["gains", ["payment"], "everybody"]]],
    [
      "a type that no rule grants any more",
      paying("any"),
      paying(["payment"]),
      [["loses", ["https://example.com/folder"], "everybody"]],
    ],
    [
      "a type that the server registers no more",
      paying("any"),
      { ...paying("any"), "resource/files.json": resourceDocument() },
      [["loses", ["https://example.com/folder", "payment"], "everybody"]],
    ],
    [
      "a type for a group alone",
      paying("any"),
      {
        "resource/files.json": PAYMENTS,
        ...policyWith(
          permitRule(),
          permitRule({ id: "payers", groups: ["payers"], authorization_details_types: "any" }),
        ),
      },
      [["loses", ["https://example.com/folder", "payment"], "people in none of the groups that rules name"]],
    ],
    [
      "a denial of a type",
      paying("any"),
      {
        ...paying("any"),
        ...policyWith(
          permitRule({ authorization_details_types: "any" }),
          denyRule({ authorization_details_types: ["payment"] }),
        ),
      },
      [["loses", ["https://example.com/folder", "payment"], "everybody"]],
    ],
  ])("counts authorization_details: %s", async (_what, before, after, told) => {
    const { changes } = await findAccessChanges({ before: setOf(before), after: setOf(after), nowSeconds: NOW });
    expect(
      changes.map(({ change, authorization_details_types: types, scopes, who }) => [change, types, ...who, ...scopes]),
    ).toEqual(told);
  });

  const READ_FILE = "tools/call read_file";
  const approval = { approvers: { groups: ["leads"] }, expires_in_seconds: 60 };
  const onTools = (calls: object, more: object = {}) => ruleWith({ calls, ...more });
  const approving = (...names: readonly string[]): Files => ({
    "tools/files.json": {
      resource: RESOURCE,
      tools: names.map((name) => ({ name, fingerprint: `sha256:${"A".repeat(43)}` })),
    },
  });

  it.each<[string, Files, Files, readonly (readonly unknown[])[]]>([
    [
      "calls that a rule names no more",
      onTools({ tools: ["read_*", "write_file"] }),
      onTools({ tools: ["write_file"] }),
      [["loses", [READ_FILE], null]],
    ],
    [
      "a denial of a tool",
      {},
      policyWith(permitRule(), denyRule({ calls: { tools: ["read_file"] } })),
      [["loses", [READ_FILE], null]],
    ],
    [
      "a denial that goes",
      policyWith(permitRule(), denyRule({ calls: { tools: ["read_file"] } })),
      {},
      [["gains", [READ_FILE], null]],
    ],
    [
      "an approval",
      onTools({ tools: ["read_file"] }),
      onTools({ tools: ["read_file"] }, { approval }),
      [["stricter", [READ_FILE], "from now on each waits up to 60 s for a yes by groups leads"]],
    ],
    [
      "an approval that goes",
      onTools({ tools: ["read_file"] }, { approval }),
      onTools({ tools: ["read_file"] }),
      [["looser", [READ_FILE], "no more: each waits up to 60 s for a yes by groups leads"]],
    ],
    [
      "other approvers",
      onTools({ tools: ["read_file"] }, { approval }),
      onTools({ tools: ["read_file"] }, { approval: { ...approval, approvers: "any" } }),
      [
        [
          "changes",
          [READ_FILE],
          "each waits up to 60 s for a yes by any approver; so far each waits up to 60 s for a yes by groups leads",
        ],
      ],
    ],
    [
      "an approver by what an identity provider calls him",
      onTools({ tools: ["read_file"] }),
      onTools({ tools: ["read_file"] }, { approval: { approvers: { subjects: [{ issuer: IDP, sub: "ada" }] } } }),
      [["stricter", [READ_FILE], `from now on each waits up to 300 s for a yes by subjects ada of ${IDP}`]],
    ],
    [
      "a rate",
      onTools({ tools: ["read_file"] }),
      onTools({ tools: ["read_file"] }, { rate: { calls: 5, per_seconds: 60, by: ["subject"] } }),
      [["stricter", [READ_FILE], "from now on each is one of at most 5 in 60 s by subject"]],
    ],
    [
      "only approved tools",
      { ...approving("read_file") },
      { ...approving("read_file"), "resource/files.json": resourceDocument({ tool_approval: "hold_back" }) },
      [["loses", ["tools/call write_file"], null]],
    ],
    [
      "a tool that is approved",
      { ...approving("read_file"), "resource/files.json": resourceDocument({ tool_approval: "hold_back" }) },
      {
        ...approving("read_file", "write_file"),
        "resource/files.json": resourceDocument({ tool_approval: "hold_back" }),
      },
      [["gains", ["tools/call write_file"], null]],
    ],
    [
      "what tools say of themselves",
      {},
      policyWith(permitRule(), denyRule({ calls: { annotations: { readOnlyHint: false }, tools: ["write_file"] } })),
      [
        [
          "loses",
          ['tools/call write_file that says {"readOnlyHint":false} of itself', "tools/call write_file"].toSorted(),
          null,
        ],
      ],
    ],
  ])("counts calls: %s", async (_what, before, after, told) => {
    const sides = { before: setOf(before), after: setOf(after), nowSeconds: NOW };
    const { changes } = await findAccessChanges(sides);
    expect(changes.map(({ change, calls, note, scopes }) => [change, calls, note, ...scopes])).toEqual(told);
  });

  it("counts calls of those alone whom the rule is about", async () => {
    const after = policyWith(permitRule(), denyRule({ groups: ["interns"], calls: { tools: ["read_file"] } }));
    const { changes } = await findAccessChanges({ before: setOf({}), after: setOf(after), nowSeconds: NOW });
    expect(changes).toMatchObject([{ change: "loses", calls: [READ_FILE], who: ['people in the group "interns"'] }]);
  });

  it("tells calls that come or go with their scope by the scope alone", async () => {
    const { changes } = await findAccessChanges({
      before: setOf({}),
      after: setOf(ruleWith({ scopes: [READ] })),
      nowSeconds: NOW,
    });
    expect(changes).toMatchObject([{ change: "loses", scopes: [WRITE], calls: [] }]);
  });

  it("says that arguments decide, and takes a call for permitted that some of them are", async () => {
    const calls = { tools: ["read_file"], condition: 'arguments.path.startsWith("/public/")' };
    const found = await findAccessChanges({
      before: setOf(onTools({ tools: ["read_file"] })),
      after: setOf(onTools(calls)),
      nowSeconds: NOW,
    });
    expect(found).toMatchObject({ changes: [], arguments_decide: true });
  });

  const guarded = (...guardrails: readonly object[]): Files => ({
    "resource/files.json": resourceDocument({ guardrails }),
  });
  const secrets = { name: "secrets", type: "secrets" };
  const size = { name: "size", type: "size", result_bytes: 1000 };

  it.each<[string, Files, Files, readonly (readonly string[])[]]>([
    [
      "one more",
      {},
      guarded(secrets),
      [["stricter", "secrets", "from now on it looks at every call: secrets, block, both"]],
    ],
    ["one less", guarded(secrets, size), guarded(secrets), [["looser", "size", "no longer looks: size"]]],
    [
      "other bounds",
      guarded(size),
      guarded({ ...size, result_bytes: 9 }),
      [["changes", "size", "result_bytes: 1000 → 9"]],
    ],
    [
      "another order",
      guarded(secrets, size),
      guarded(size, secrets),
      [["changes", "size, secrets", "in this order; so far secrets, size"]],
    ],
    ["none", guarded(secrets), guarded(secrets), []],
  ])("counts guardrails: %s", async (_what, before, after, told) => {
    const { guardrails } = await findAccessChanges({ before: setOf(before), after: setOf(after), nowSeconds: NOW });
    expect(guardrails.map(({ change, guardrail, note }) => [change, guardrail, note])).toEqual(told);
    for (const { resource } of guardrails) expect(resource).toBe(RESOURCE);
  });

  it("decides nothing where nothing can have changed", async () => {
    expect(await compare({}, ruleWith({ id: "renamed" }))).toMatchObject({ compared: 0, possible: 0 });
  });

  it("treats alike what the rules treat alike: ten thousand subjects are one case more", async () => {
    const subjects = Array.from({ length: 10_000 }, (_none, index) => `user-${index}`);
    const { told, compared } = await compare({}, policyWith(permitRule(), denyRule({ subjects })));
    expect(compared).toBe(2);
    expect(told).toEqual([
      ["loses", "agent", `${READ} ${WRITE}`, expect.stringContaining("one of 9997 more that the rules treat alike")],
    ]);
  });

  it("says so when there are too many cases to try, and says the same each time", async () => {
    const manyRules = Array.from({ length: 60 }, (_none, index) =>
      denyRule({ id: `deny-${index}`, subjects: [`s${index}`], groups: [`g${index}`], amr: [`m${index}`] }),
    );
    const after = policyWith(permitRule({ scopes: [READ] }), ...manyRules);
    const found = await compare({}, after);
    expect(found.compared).toBeLessThan(found.possible);
    expect(found.told.some(([change, , scopes]) => change === "loses" && scopes === WRITE)).toBe(true);
    expect(await compare({}, after)).toEqual(found);
  });
});
