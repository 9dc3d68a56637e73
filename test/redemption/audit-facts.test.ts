import { describe, expect, it } from "vitest";
import { auditEventSchema, makeAuditEvent } from "../../src/audit/audit-event.ts";
import { auditFacts } from "../../src/redemption/audit-facts.ts";
import { IDP, ORGANIZATION, RESOURCE } from "../support/documents.ts";
import { ATTEMPT, NOW, redeem, type Scenario, testIdp } from "../support/redemption.ts";
import { makeTestKey } from "../support/test-idp.ts";

const TRACE = { correlationId: "c", traceId: null, receivedAtMilliseconds: NOW * 1000, ray: null, colo: null };

async function factsOf(scenario: Scenario) {
  const { outcome } = await redeem(scenario);
  return auditFacts(outcome.known);
}

const CANARIES = { email: "canary@example.com", name: "Canary", nonce: "canary-nonce", groups: ["canary"] };

describe("auditFacts", () => {
  it("say of a grant who was granted what, by which rules and revisions", async () => {
    const facts = await factsOf({
      claims: { jti: "jti-1", act: { sub: "agent-7" }, scope: "files:write files:read" },
      presented: { requestedScope: "files:read" },
    });
    expect(facts).toEqual({
      client_id: "agent",
      client_revision: "client-revision",
      issuer: IDP,
      idp_revision: "idp-revision",
      tenant: null,
      organization: ORGANIZATION,
      subject: "user-ada",
      principal: expect.stringMatching(/^usr_/),
      account: null,
      actor: "agent-7",
      assertion_hash: expect.stringMatching(/^[\w-]{43}$/),
      assertion_use: "single",
      scope_requested: "files:read",
      scope_asserted: "files:read files:write",
      scope_granted: "files:read",
      authorization_details_types: [],
      authorization_details_hash: null,
      resource: RESOURCE,
      resource_revision: "resource-revision",
      policy_rules: ["agent-reads-files"],
      judged: {
        groups: [],
        other_groups: false,
        email_domain: null,
        acr: null,
        amr: [],
        auth_time: null,
        proved_key: false,
      },
      policy_revision: "policy-revision",
      key_id: (await testIdp()).key.kid,
      token_id: ATTEMPT,
      token_expires_at: NOW + 300,
      bound_to_key: false,
    });
  });

  it.each<[string, Scenario]>([
    ["a grant", {}],
    ["a refusal before the signature", { claims: { iss: "https://elsewhere.example" } }],
    ["a refusal after it", { claims: { aud: "https://elsewhere.example" } }],
    ["a refusal by policy", { documents: { policy: { rules: [] } } }],
    ["a replay", { dependencies: { consumeAssertion: async () => "replayed" } }],
  ])("of %s make a record that fits its closed schema, and hold nothing that is not in it", async (_what, scenario) => {
    const facts = await factsOf({ ...scenario, claims: { ...scenario.claims, ...CANARIES } });
    const event = makeAuditEvent("id", TRACE, { type: "redemption", decision: "refused", ...facts });
    expect(auditEventSchema.safeParse(event).error).toBeUndefined();
    expect(JSON.stringify(event)).not.toMatch(/canary|eyJ/i);
  });

  it("name nobody and no tenant while the signature does not hold", async () => {
    const signer = await makeTestKey("ES256");
    const facts = await factsOf({
      signer,
      claims: { tenant: "tenant-a", act: { sub: "agent-7" } },
      documents: { idp: { organization: undefined, tenants: { "tenant-a": "acme" } } },
    });
    expect(facts).toMatchObject({
      issuer: IDP,
      // Or a client could file forgeries under any organization that shares the issuer.
      organization: null,
      tenant: null,
      subject: null,
      principal: null,
      actor: null,
      assertion_hash: null,
      scope_asserted: null,
    });
  });

  it("name the tenant once the signature holds", async () => {
    const facts = await factsOf({
      claims: { tenant: "tenant-a" },
      documents: { idp: { organization: undefined, tenants: { "tenant-a": "acme" } } },
    });
    expect(facts).toMatchObject({ tenant: "tenant-a", organization: "acme" });
  });

  it("name no issuer that is not in our own records", async () => {
    expect(await factsOf({ claims: { iss: "https://elsewhere.example" } })).toMatchObject({
      issuer: null,
      organization: null,
    });
  });

  it.each<[string, string | null, string | null]>([
    ["nothing", null, null],
    ["scopes that exist, in the resource's order", "files:write files:read", "files:read files:write"],
    ["text that is no scope here", "files:read <script>alert(1)</script>", "files:read (other)"],
    ["nothing but such text", "canary-text", "(other)"],
  ])("say of a request for %s no more than that", async (_what, requestedScope, said) => {
    expect(await factsOf({ presented: { requestedScope } })).toMatchObject({ scope_requested: said });
  });

  it("say nothing of what was asked for before the resource is known", async () => {
    const facts = await factsOf({ claims: { client_id: "another" }, presented: { requestedScope: "files:read" } });
    expect(facts).toMatchObject({ scope_requested: null, resource: null });
  });

  it("say of nothing at all: nothing", () => {
    const { policy_rules, authorization_details_types: types, ...facts } = auditFacts({});
    expect([policy_rules, types]).toEqual([[], []]);
    expect(new Set(Object.values(facts))).toEqual(new Set([null]));
  });
});
