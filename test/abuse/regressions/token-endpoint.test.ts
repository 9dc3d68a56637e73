import { base64url } from "jose";
import { describe, expect, it } from "vitest";
import { CLIENT_ASSERTION_TYPE, nowInSeconds, Tenant } from "../../support/tenant.ts";

/** Mistakes that other authorization servers made, made here again before the whole Worker. */
function withAssertion(client_assertion: string) {
  return {
    form: { client_assertion, client_assertion_type: CLIENT_ASSERTION_TYPE },
    headers: { authorization: undefined },
  };
}

describe("a request for a token", () => {
  it("means the same with parameters of another grant beside it [CVE-2026-9704]", async () => {
    const tenant = await Tenant.settle();
    const others = {
      subject_token: await tenant.assertion({ sub: "user-root" }),
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
      actor_token: "x",
      requested_token_type: "urn:ietf:params:oauth:token-type:refresh_token",
      requested_subject: "user-root",
      audience: "https://elsewhere.example",
      username: "user-root",
      code: "x",
    };
    const [plain, crowded] = [await tenant.redeem(), await tenant.redeem({ form: others })];
    expect([plain.status, crowded.status]).toEqual([200, 200]);
    const named = (token: unknown) => {
      const { sub, aud, scope, client_id } = JSON.parse(
        new TextDecoder().decode(base64url.decode(String(token).split(".")[1] ?? "")),
      ) as Record<string, unknown>;
      return { sub, aud, scope, client_id };
    };
    expect(named(crowded.body["access_token"])).toEqual(named(plain.body["access_token"]));
    expect(Object.keys(crowded.body).toSorted()).toEqual(Object.keys(plain.body).toSorted());
  });

  it("of a client that must sign is refused where nothing is signed [CVE-2026-16093]", async () => {
    const tenant = await Tenant.settle({ authentication: { methods: ["private_key_jwt"], secret_digests: undefined } });
    const now = nowInSeconds();
    const claims = {
      iss: tenant.clientId,
      sub: tenant.clientId,
      aud: "x",
      jti: crypto.randomUUID(),
      iat: now,
      exp: now + 60,
    };
    const encode = (value: object): string => base64url.encode(JSON.stringify(value));
    const unsigned = ["none", "ES256"].flatMap((alg) =>
      ["", ".", ".AAAA"].map((end) => `${encode({ alg })}.${encode(claims)}${end}`),
    );
    const attempts = await Promise.all([
      tenant.redeem(),
      ...unsigned.map((assertion) => tenant.redeem(withAssertion(assertion))),
      ...unsigned.map((assertion) => tenant.redeem({ headers: { authorization: `Bearer ${assertion}` } })),
    ]);
    expect(attempts.map(({ body }) => body["error"])).toEqual(attempts.map(() => "invalid_client"));
    expect((await tenant.redeem(withAssertion(await tenant.clientAssertion()))).status).toBe(200);
  });

  it("with a client assertion that 64 send at once is heard once [hydra#3p3g]", async () => {
    const tenant = await Tenant.settle();
    const assertion = await tenant.clientAssertion();
    const answers = await Promise.all(Array.from({ length: 64 }, () => tenant.redeem(withAssertion(assertion))));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const others = answers.filter(({ status }) => status !== 200);
    expect(others.map(({ body }) => body["error"])).toEqual(others.map(() => "invalid_client"));
  });
});
