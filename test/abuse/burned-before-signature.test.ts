import { describe, expect, it } from "vitest";
import type { Members } from "../support/documents.ts";
import { Tenant } from "../support/tenant.ts";
import { makeTestKey } from "../support/test-idp.ts";

/**
 * C05 (Keycloak #49215): whoever learns or guesses a victim's `jti` must not be able to spend it with something that is
 * refused. Each attempt here names the victim's jti; the victim's own assertion is good afterwards.
 */
type Attack = (victim: Tenant, jti: string) => Promise<string>;

const withClaims =
  (claims: Members): Attack =>
  (victim, jti) =>
    victim.assertion({ jti, ...claims });

const ATTACKS: readonly (readonly [string, Attack])[] = [
  ["signed by a stranger's key", async (victim, jti) => victim.assertion({ jti }, { key: await makeTestKey("ES256") })],
  [
    "whose signature is zeros",
    async (victim, jti) => replaceSignature(await victim.assertion({ jti }), "A".repeat(86)),
  ],
  [
    "with another assertion's signature",
    async (victim, jti) => {
      const other = await victim.assertion();
      return replaceSignature(await victim.assertion({ jti }), other.split(".")[2] ?? "");
    },
  ],
  ["that is not signed", (victim, jti) => victim.assertion({ jti }, { header: { alg: "none" } })],
  ["of another type", (victim, jti) => victim.assertion({ jti }, { header: { typ: "at+jwt" } })],
  ["for another server", withClaims({ aud: "https://elsewhere.example" })],
  ["that has expired", withClaims({ iat: 1_700_000_000, exp: 1_700_000_100 })],
  ["of another client", withClaims({ client_id: "another" })],
  ["without a subject", withClaims({ sub: undefined })],
  ["for a foreign resource", withClaims({ resource: "https://elsewhere.example/mcp" })],
  ["for a scope that nobody has", withClaims({ scope: "unknown" })],
  ["bound to a key that is not shown", withClaims({ cnf: { jkt: "A".repeat(43) } })],
  ["with authorization_details", withClaims({ authorization_details: [{ type: "x" }] })],
];

function replaceSignature(token: string, signature: string): string {
  const [header, payload] = token.split(".");
  return [header, payload, signature].join(".");
}

describe("a victim's jti is not spent by an assertion", () => {
  it.each(ATTACKS)("%s", async (_name, attack) => {
    const victim = await Tenant.settle();
    const jti = crypto.randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 5 }, async () => victim.redeem({ form: { assertion: await attack(victim, jti) } })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([400]));
    expect((await victim.redeem({ form: { assertion: await victim.assertion({ jti }) } })).status).toBe(200);
    expect((await victim.redeem({ form: { assertion: await victim.assertion({ jti }) } })).status).toBe(400);
  });

  it("that another client presents as its own [keycloak#49215] [JAG-R-13]", async () => {
    const [victim, thief] = [await Tenant.settle(), await Tenant.settle()];
    const assertion = await victim.assertion();
    expect((await victim.redeem({ form: { assertion }, headers: { authorization: thief.basic } })).status).toBe(400);
    expect((await victim.redeem({ form: { assertion } })).status).toBe(200);
  });

  it("that nobody presents", async () => {
    const victim = await Tenant.settle();
    const assertion = await victim.assertion();
    const headers = { authorization: `Basic ${btoa(`${victim.clientId}:wrong`)}` };
    expect((await victim.redeem({ form: { assertion }, headers })).status).toBe(401);
    expect((await victim.redeem({ form: { assertion } })).status).toBe(200);
  });

  it("as a client assertion that a stranger signed", async () => {
    const victim = await Tenant.settle();
    const jti = crypto.randomUUID();
    const present = (clientAssertion: string) =>
      victim.redeem({
        headers: { authorization: undefined },
        form: {
          client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
          client_assertion: clientAssertion,
        },
      });
    const stranger = await makeTestKey("ES256", victim.clientKey.kid);
    expect((await present(await victim.clientAssertion({ jti }, { key: stranger }))).status).toBe(401);
    expect((await present(await victim.clientAssertion({ jti, aud: "https://elsewhere.example" }))).status).toBe(401);
    expect((await present(await victim.clientAssertion({ jti }))).status).toBe(200);
  });
});
