import { describe, expect, it } from "vitest";
import { parseClaims } from "../../../cli/explain/claims-input.ts";
import { describeExplanation } from "../../../cli/explain/describe-explanation.ts";
import { type ExplainedInWords, inWords } from "../../../cli/explain/in-words.ts";
import { explainRedemption } from "../../../src/explain/explanation.ts";
import type { RehearsalRequest } from "../../../src/explain/rehearsal.ts";
import { ThrowawayKeys } from "../../../src/explain/throwaway-keys.ts";
import { storeOver } from "../../../cli/explain/trust-texts.ts";
import {
  CLIENT,
  clientDocument,
  CROSSGATE,
  denyRule,
  IDP,
  idpDocument,
  type Members,
  permitRule,
  RESOURCE,
  resourceDocument,
} from "../../support/documents.ts";
import { DETAILS_TYPES, PAYMENT } from "../../support/details.ts";
import { TestIdp, validClaims } from "../../support/test-idp.ts";
import { acmeFiles, DEPLOYMENT, type Files, policyWith, ruleWith, stored } from "../acme-fixture.ts";

const NOW = 1_795_000_000;
const KEYS = new ThrowawayKeys();
const CLAIMS = { iss: IDP, sub: "ada", scope: "files:read files:write" };

async function explainWith(
  files: Files,
  claims: Members = {},
  request: Partial<RehearsalRequest> = {},
): Promise<ExplainedInWords> {
  const world = { issuer: CROSSGATE, store: storeOver(stored(acmeFiles(files)), DEPLOYMENT.rules), keys: KEYS };
  const asked = {
    stated: parseClaims(JSON.stringify({ ...CLAIMS, ...claims })),
    clientId: CLIENT,
    resource: null,
    scope: null,
    authorizationDetails: null,
    provesKey: false,
    nowSeconds: NOW,
    ...request,
  };
  return inWords(await explainRedemption(asked, world));
}

describe("explainRedemption, in words", () => {
  it("grants what the Worker would grant, and says on which rule and what it assumed", async () => {
    const explained = await explainWith({});
    expect(explained).toMatchObject({
      decision: "granted",
      reason: null,
      organization: "acme",
      resource: RESOURCE,
      scope_granted: "files:read files:write",
      token_lifetime_seconds: 300,
      policy_rules: ["agent-reads-files"],
      assumed: ["aud", "client_id", "jti", "iat", "exp"],
    });
    expect(describeExplanation(explained)).toContain("Filled in, since the claims leave them out: aud, client_id");
  });

  it("shows nothing that steers a terminal, whoever wrote what it quotes", async () => {
    const hostile = "a\u001b[2J\u009b2J\u202eb";
    const explained = await explainWith(ruleWith({ subjects: [hostile] }), { sub: `${hostile}!` });
    const text = describeExplanation({ ...explained, meaning: hostile, fix: hostile });
    expect(["\u001b", "\u009b", "\u202e"].filter((sign) => text.includes(sign))).toEqual([]);
    expect(text).toContain("Fix: a\u{fffd}[2J\u{fffd}2J\u{fffd}b\n");
  });

  const PAYING: Files = {
    "resource/files.json": resourceDocument({ authorization_details_types: DETAILS_TYPES }),
    ...policyWith(permitRule({ authorization_details_types: ["payment"] })),
  };

  it("grants of the authorization_details that are asked for what the claims and a rule allow, and shows it", async () => {
    const asked = { ...PAYMENT, amount: 40 };
    const request = { authorizationDetails: JSON.stringify([asked]) };
    const explained = await explainWith(PAYING, { authorization_details: [PAYMENT] }, request);
    expect(explained).toMatchObject({ decision: "granted", authorization_details_granted: [asked] });
    expect(describeExplanation(explained)).toContain('"amount":40');
  });

  it("refuses authorization_details beyond what the claims say, and those that are none", async () => {
    const claims = { authorization_details: [PAYMENT] };
    const more = { authorizationDetails: JSON.stringify([{ ...PAYMENT, amount: 101 }]) };
    expect(await explainWith(PAYING, claims, more)).toMatchObject({ reason: "authorization_details_exceeded" });
    const none = { authorizationDetails: "payment" };
    expect(await explainWith(PAYING, claims, none)).toMatchObject({ reason: "authorization_details_malformed" });
  });

  it.each<[string, Files, Members, Partial<RehearsalRequest>, { reason: string; check: string; shows: string }]>([
    [
      "an unknown client",
      {},
      {},
      { clientId: "x" },
      { reason: "client_unknown", check: "client_authentication", shows: "client: x" },
    ],
    [
      "a disabled client",
      { "client/agent.json": clientDocument({ enabled: false }) },
      {},
      {},
      { reason: "client_disabled", check: "client_authentication", shows: "Set enabled to true" },
    ],
    [
      "an issuer with a slash",
      {},
      { iss: `${IDP}/` },
      {},
      { reason: "issuer_not_trusted", check: "issuer_trusted", shows: `iss: "${IDP}/"` },
    ],
    [
      "no issuer",
      {},
      { iss: undefined },
      {},
      { reason: "issuer_not_trusted", check: "issuer_trusted", shows: "iss: none" },
    ],
    [
      "a tenant that nobody bound",
      { "idp/idp.example.com.json": idpDocument({ organization: undefined, tenants: { t1: "acme" } }) },
      { tenant: "t2" },
      {},
      { reason: "tenant_not_bound", check: "tenant", shows: 'bound in the issuer\'s document: {"t1":"acme"}' },
    ],
    [
      "a claim of the wrong type",
      {},
      { sub: 7 },
      {},
      { reason: "claims_malformed", check: "claims_well_formed", shows: "claim mapping" },
    ],
    [
      "another audience",
      {},
      { aud: `${CROSSGATE}/` },
      {},
      { reason: "assertion_audience", check: "audience", shows: `our issuer: "${CROSSGATE}"` },
    ],
    [
      "an old assertion",
      {},
      { iat: NOW - 600, exp: NOW - 300 },
      {},
      { reason: "assertion_expired", check: "acceptance_window", shows: "--at 2026-11-18T10:56:40.000Z" },
    ],
    [
      "a long life",
      {},
      { iat: NOW, exp: NOW + 4000 },
      {},
      { reason: "assertion_lifetime", check: "acceptance_window", shows: "lifetime: 4000 s, allowed: 300 s" },
    ],
    [
      "another client's assertion",
      {},
      { client_id: "at-the-idp" },
      {},
      { reason: "client_mismatch", check: "client_continuity", shows: '"at-the-idp"' },
    ],
    [
      "a foreign server",
      {},
      { resource: "https://x.example/" },
      {},
      { reason: "resource_foreign", check: "resource", shows: "registered for the client" },
    ],
    [
      "no scope in the assertion",
      {},
      { scope: undefined },
      {},
      { reason: "scope_empty", check: "scope", shows: "asserted: no scope" },
    ],
    [
      "a scope that is not asserted",
      {},
      {},
      { scope: "files:delete" },
      { reason: "scope_empty", check: "scope", shows: "asked for: files:delete" },
    ],
    [
      "no policy",
      { "policy/acme.json": null },
      { resource: RESOURCE },
      {},
      { reason: "policy_absent", check: "policy", shows: "organization: acme" },
    ],
    [
      "a deny",
      policyWith(permitRule(), denyRule()),
      {},
      {},
      { reason: "policy_denied", check: "policy", shows: "The deny rule nobody must not select this request" },
    ],
    [
      "another group",
      ruleWith({ groups: ["staff"] }),
      { groups: ["interns"] },
      {},
      {
        reason: "policy_no_rule",
        check: "policy",
        shows: 'groups does not hold: the rule names "staff", the request has "interns"',
      },
    ],
    [
      "no rule",
      policyWith(),
      { resource: RESOURCE },
      {},
      { reason: "policy_no_rule", check: "policy", shows: "The policy has no permit rule" },
    ],
    [
      "another scope",
      ruleWith({ scopes: ["files:read"] }),
      {},
      { scope: "files:write" },
      { reason: "policy_scope", check: "policy", shows: 'agent-reads-files applies and grants "files:read"' },
    ],
    [
      "a weak sign-in",
      ruleWith({ acr: ["gold"], maximum_authentication_age_seconds: 60 }),
      { acr: "silver" },
      {},
      { reason: "authentication_insufficient", check: "policy", shows: "acr gold, no longer than 60 s ago" },
    ],
    [
      "an expression that fails",
      ruleWith({ condition: 'groups[3] == "x"' }),
      {},
      {},
      {
        reason: "policy_condition_failed",
        check: "policy",
        shows: 'the expression groups[3] == "x" fails on this request',
      },
    ],
    [
      "no proof where a rule demands one",
      ruleWith({ dpop_required: true }),
      {},
      {},
      { reason: "proof_missing", check: "policy", shows: "must send a DPoP proof" },
    ],
  ])("explains %s", async (_what, ...[files, claims, request, { reason, check, shows }]) => {
    const explained = await explainWith(files, claims, request);
    expect(explained).toMatchObject({ decision: "refused", reason, check, scope_granted: null });
    expect(describeExplanation(explained)).toContain(shows);
  });

  it.each<[string, Files, Members]>([
    ["a rule demands it", ruleWith({ dpop_required: true }), {}],
    ["the server demands it", { "resource/files.json": resourceDocument({ dpop_required: true }) }, {}],
    ["the assertion is bound by thumbprint", {}, { cnf: { jkt: "x".repeat(43) } }],
  ])("lets the client prove its key where %s", async (_what, files, claims) => {
    expect((await explainWith(files, claims)).reason).toBe("proof_missing");
    expect((await explainWith(files, claims, { provesKey: true })).decision).toBe("granted");
  });

  it("judges an ID-JAG by its own header and fills nothing in", async () => {
    const idp = await TestIdp.start();
    const read = async (header: Members, claims: Members = {}) => {
      const stated = parseClaims(await idp.sign(validClaims(claims, NOW), { header }));
      return explainWith({}, {}, { stated });
    };
    expect(await read({})).toMatchObject({ decision: "granted", assumed: [] });
    expect(await read({ typ: "JWT" })).toMatchObject({ reason: "assertion_type", compared: ['typ: "JWT"'] });
    expect(await read({ alg: "RS256" })).toMatchObject({ reason: "algorithm_not_allowed" });
    expect(await read({ alg: "none" })).toMatchObject({ reason: "algorithm_not_allowed" });
    expect(await read({ jku: "https://x.example" })).toMatchObject({ reason: "assertion_malformed" });
    expect(await read({}, { jti: undefined })).toMatchObject({ reason: "claims_malformed" });
  });

  it.each(["RS256", "PS256", "ES384", "EdDSA"])("stands in for a provider that signs with %s", async (algorithm) => {
    expect((await explainWith({ "idp/idp.example.com.json": idpDocument({ algorithms: [algorithm] }) })).decision).toBe(
      "granted",
    );
  });

  it("tells a document that does not parse as a failure of ours", async () => {
    const world = {
      issuer: CROSSGATE,
      store: storeOver(
        [...stored(acmeFiles({ "policy/acme.json": null })), { key: "policy:acme", value: "{" }],
        DEPLOYMENT.rules,
      ),
      keys: KEYS,
    };
    const asked = {
      stated: parseClaims(JSON.stringify(CLAIMS)),
      clientId: CLIENT,
      resource: RESOURCE,
      scope: null,
      authorizationDetails: null,
      provesKey: false,
      nowSeconds: NOW,
    };
    expect(await explainRedemption(asked, world)).toMatchObject({
      decision: "failed",
      reason: "trust_document_invalid",
    });
  });
});
