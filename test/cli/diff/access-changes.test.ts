import { describe, expect, it } from "vitest";
import { findAccessChanges } from "../../../cli/diff/access-changes.ts";
import { readTrustSet } from "../../../cli/trust-set.ts";
import { clientDocument, denyRule, idpDocument, permitRule, resourceDocument } from "../../support/documents.ts";
import { acmeFiles, DEPLOYMENT, type Files, policyWith, ruleWith, stored } from "../acme-fixture.ts";

const READ = "files:read";
const WRITE = "files:write";

function setOf(changes: Files) {
  return readTrustSet(stored(acmeFiles(changes)), DEPLOYMENT.rules);
}

async function compare(before: Files, after: Files) {
  const { changes, ...extent } = await findAccessChanges({
    before: setOf(before),
    after: setOf(after),
    nowSeconds: 1_795_000_000,
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
      { "resource/files.json": resourceDocument({ scopes: { [READ]: { description: "Read" } } }) },
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
      nowSeconds: 1_795_000_000,
    });
    expect(changes).toMatchObject([{ change, scopes: [READ, WRITE], note }]);
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
