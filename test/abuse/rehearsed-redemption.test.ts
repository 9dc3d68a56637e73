import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { base64url } from "jose";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { addAccounts, directoryOf } from "../support/accounts.ts";
import { TestAdmin } from "../support/admin.ts";
import { recordedEvents } from "../support/ledgers.ts";
import { Tenant } from "../support/tenant.ts";

/**
 * A viewer may ask why somebody is refused. He must not get a token out of that, nor anything that could be made into
 * one, nor use up what is somebody else's: the question is answered by a rehearsal, with keys that nobody trusts.
 */
beforeAll(() => applyD1Migrations(env.AUDIT_INDEX, env.TEST_MIGRATIONS));
afterEach(() => {
  vi.restoreAllMocks();
});

async function explain(tenant: Tenant, claims: object, more: object = {}) {
  const admin = await TestAdmin.appoint("viewer");
  const body = JSON.stringify({ client: tenant.clientId, claims, ...more });
  return admin.call("/admin/v1/explain", { method: "POST", body });
}

/** What is signed while `work` goes on, as JWTs. */
async function signedDuring(work: () => Promise<unknown>): Promise<readonly string[]> {
  const sign = vi.spyOn(crypto.subtle, "sign");
  await work();
  const signed = await Promise.all(
    sign.mock.calls.map(async ([, , data], at) => {
      const signature: unknown = await sign.mock.results[at]?.value;
      return `${new TextDecoder().decode(data)}.${base64url.encode(new Uint8Array(signature as ArrayBuffer))}`;
    }),
  );
  sign.mockRestore();
  return signed;
}

describe("a rehearsed redemption", () => {
  it("signs nothing that the token endpoint takes, though the claims are good", async () => {
    const tenant = await Tenant.settle();
    const claims = tenant.claims();
    const header = { alg: "ES256", typ: "oauth-id-jag+jwt", kid: "idp-key" };
    const signed = await signedDuring(() => explain(tenant, claims, { header, proves_key: true }));
    const assertions = signed.filter((jwt) => jwt.startsWith(base64url.encode(JSON.stringify(header))));
    expect(assertions).toHaveLength(1);
    for (const assertion of assertions) {
      expect(await tenant.redeem({ form: { assertion } })).toMatchObject({
        status: 400,
        body: { error: "invalid_grant" },
      });
    }
    const [refused] = await recordedEvents(tenant.clientId);
    expect(refused?.reason).toMatch(/^(?:signature_invalid|key_unknown)$/);
  });

  it("signs no access token, and its answer holds no JWT and no key", async () => {
    const tenant = await Tenant.settle();
    let answer = "";
    const signed = await signedDuring(async () => {
      answer = (await explain(tenant, tenant.claims(), { proves_key: true })).text;
    });
    expect(answer).toContain('"decision":"granted"');
    expect(answer).not.toMatch(/eyJ|"jwk"|"jkt"|"x":/);
    const types = signed
      .map((jwt) => jwt.split(".")[0] ?? "")
      .map((part) => new TextDecoder().decode(base64url.decode(part)));
    expect(types.filter((header) => header.includes("at+jwt"))).toEqual([]);
  });

  it("spends no jti: the assertion that it was asked about is good afterwards, and once", async () => {
    const tenant = await Tenant.settle();
    const jti = crypto.randomUUID();
    const assertion = await tenant.assertion({ jti });
    for (let times = 0; times < 3; times += 1) {
      expect((await explain(tenant, tenant.claims({ jti }))).body).toMatchObject({ decision: "granted" });
    }
    expect((await tenant.redeem({ form: { assertion } })).status).toBe(200);
    expect((await tenant.redeem({ form: { assertion } })).status).toBe(400);
    expect((await explain(tenant, tenant.claims({ jti }))).body).toMatchObject({
      not_checked: expect.arrayContaining(["single use"]) as unknown,
    });
  });

  it("binds no subject to an account that would be found", async () => {
    const idp = { subject_resolution: { mode: "strict", by: ["aud_sub"] } };
    const tenant = await Tenant.settle({ idp });
    await addAccounts(tenant.organization, { account: "ada" });
    expect((await explain(tenant, tenant.claims({ aud_sub: "ada" }))).body).toMatchObject({ decision: "granted" });
    const found = await directoryOf(tenant.organization).find("ada");
    expect(found).toMatchObject({ bindings: [] });
  });

  it.each(["alg none", "a key in the header"])("is not talked into %s", async (what) => {
    const tenant = await Tenant.settle();
    const header =
      what === "alg none"
        ? { typ: "oauth-id-jag+jwt", alg: "none" }
        : { typ: "oauth-id-jag+jwt", alg: "ES256", jwk: tenant.clientKey.publicJwk };
    expect((await explain(tenant, tenant.claims(), { header })).body).toMatchObject({ decision: "refused" });
  });

  it.each([
    ["the longest names that there may be", { sub: "s".repeat(9_000), groups: ["g".repeat(3_000)] }],
    ["claims beyond any assertion", { padding: "x".repeat(100_000) }],
    ["members of Object's own", { iss: "__proto__", tenant: "constructor", sub: "toString" }],
    ["types that no claim has", { iss: 7, sub: [], exp: "soon", cnf: "x", act: 3 }],
    ["a date beyond dates", { iat: 8_700_000_000_000, exp: 8_700_000_000_100 }],
  ])("answers %s with a refusal and no fault", async (_what, changes) => {
    const tenant = await Tenant.settle();
    const answer = await explain(tenant, tenant.claims({ ...changes }));
    expect(answer.status).toBe(200);
    expect(answer.body["decision"]).toBe("refused");
    expect(answer.text.length).toBeLessThan(20_000);
  });
});
