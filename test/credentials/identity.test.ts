import { decodeJwt, decodeProtectedHeader, importJWK, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { type Verdict, verifyAccessToken } from "../../src/access-token/verify.ts";
import { CredentialRefused } from "../../src/credentials/credential-refused.ts";
import { identify, identitySupplier } from "../../src/credentials/identity.ts";
import type { CredentialCaller, SuppliedHeaders } from "../../src/credentials/supplied.ts";
import { readVerificationKey } from "../../src/jwt/json-web-key.ts";
import type { CredentialOfType } from "../../src/trust/upstream-credential.ts";
import { askedOf } from "../support/credentials.ts";
import { CROSSGATE, type Members, RESOURCE } from "../support/documents.ts";
import { makeTestKey, signText } from "../support/test-idp.ts";

const UPSTREAM = "https://files.example.net/mcp";
const NOW = 1_800_000_000;
const KEY = await makeTestKey("ES256", "ours");
const USES = {
  issuer: CROSSGATE,
  sign: (typ: string, claims: object) =>
    signText(JSON.stringify({ typ, alg: "ES256", kid: KEY.kid }), JSON.stringify(claims), KEY),
  readClockSeconds: () => NOW,
};

function supply(credential: Members = {}, caller: Partial<CredentialCaller> = {}): Promise<SuppliedHeaders> {
  const asked = askedOf({ type: "identity", ...credential });
  const expiresAtSeconds = NOW + 300;
  return identitySupplier(USES)(asked.resource.upstream_credential as CredentialOfType<"identity">, {
    ...asked,
    caller: { ...asked.caller, expiresAtSeconds, ...caller },
  });
}

function tokenOf({ headers }: SuppliedHeaders): string {
  return (headers["authorization"] ?? "").replace(/^Bearer /, "");
}

/** By our gateway, as an access token for this server. */
async function asAccessToken(token: string, audience: string): Promise<Verdict> {
  const key = readVerificationKey(KEY.publicJwk);
  if (typeof key === "string") throw new TypeError(key);
  return verifyAccessToken(token, { keys: [key] }, { issuer: CROSSGATE, audience, nowSeconds: NOW });
}

describe("a token about the caller", () => {
  it("says who calls to the upstream, for a minute, and verifies by our keys", async () => {
    const token = tokenOf(await supply());
    const { payload, protectedHeader } = await jwtVerify(token, await importJWK(KEY.publicJwk, "ES256"), {
      issuer: CROSSGATE,
      audience: UPSTREAM,
      typ: "at+jwt",
      currentDate: new Date(NOW * 1000),
    });
    expect(protectedHeader.kid).toBe(KEY.kid);
    expect(payload).toEqual({
      iss: CROSSGATE,
      aud: UPSTREAM,
      sub: "usr_ada",
      sub_id: { format: "iss_sub", iss: "https://idp.example.com", sub: "ada" },
      client_id: "agent",
      iat: NOW,
      exp: NOW + 60,
      jti: expect.any(String),
      token_use: "upstream_identity",
    });
  });

  it("says more where the document asks for it, and only what is known", async () => {
    const claims = ["organization", "tenant", "groups", "email_domain", "act", "scope", "acr", "auth_time"];
    const said = decodeJwt(tokenOf(await supply({ claims }, { actor: "robot", authTimeSeconds: 5 })));
    expect(said).toMatchObject({
      organization: "acme",
      groups: ["engineers"],
      email_domain: "acme.example",
      act: { sub: "robot" },
      scope: "files:read",
      auth_time: 5,
    });
    expect(["tenant", "acr", "amr"].filter((name) => name in said)).toEqual([]);
  });

  it("is a transaction token where the document says so", async () => {
    const token = tokenOf(await supply({ shape: "txntoken+jwt", claims: ["organization", "scope"] }));
    expect(decodeProtectedHeader(token)).toMatchObject({ typ: "txntoken+jwt" });
    expect(decodeJwt(token)).toMatchObject({
      txn: "correlation-1",
      scope: "files:read",
      req_wl: CROSSGATE,
      rctx: { client_id: "agent" },
      tctx: { organization: "acme" },
    });
  });

  it("does not outlive the caller's own token, and is another each time", async () => {
    const [first, second] = [await supply({}, { expiresAtSeconds: NOW + 7 }), await supply()].map((one) =>
      tokenOf(one),
    );
    expect(decodeJwt(first ?? "").exp).toBe(NOW + 7);
    expect(decodeJwt(first ?? "").jti).not.toBe(decodeJwt(second ?? "").jti);
  });

  it("is in the header that the document names", async () => {
    const { headers } = await supply({ header: "X-Identity" });
    expect(Object.keys(headers)).toEqual(["X-Identity"]);
    expect(decodeProtectedHeader(headers["X-Identity"] ?? "")).toMatchObject({ typ: "at+jwt" });
  });
});

describe("a token about the caller is no key to any door of ours", () => {
  it.each([
    RESOURCE,
    CROSSGATE,
    `${CROSSGATE}/`,
    `${CROSSGATE}/token`,
    `${CROSSGATE}/admin`,
    "https://CROSSGATE.example/mcp/payroll",
    "https://user@crossgate.example/mcp/payroll",
  ])("since none is made for %s", async (audience) => {
    await expect(supply({ audience })).rejects.toEqual(new CredentialRefused("credential_unusable"));
    await expect(identify(askedOf({ type: "none" }), audience, USES)).rejects.toThrow(CredentialRefused);
  });

  it("not even with everything that an access token has, and for the very audience that is asked for", async () => {
    const claims = ["organization", "groups", "scope", "act", "acr", "amr", "auth_time", "email_domain", "tenant"];
    for (const shape of ["at+jwt", "txntoken+jwt"]) {
      const token = tokenOf(await supply({ claims, shape }));
      expect(await asAccessToken(token, UPSTREAM)).toEqual({ token: null, refusal: "token_malformed" });
    }
  });

  it("while the same claims without the mark of its use would be one: it is the mark that tells", async () => {
    const { token_use: use, ...rest } = decodeJwt(tokenOf(await supply({ claims: ["organization", "scope"] })));
    const asked = await asAccessToken(await USES.sign("at+jwt", rest), UPSTREAM);
    expect([use, asked.refusal]).toEqual(["upstream_identity", null]);
  });
});

describe("plain headers about the caller", () => {
  it("stand beside the token, each where there is something to say", async () => {
    const { headers } = await supply({ headers: { "X-User": "sub", "X-Tenant": "tenant", "X-Groups": "groups" } });
    expect(headers).toMatchObject({ "X-User": "ada", "X-Groups": "engineers" });
    expect(Object.keys(headers)).not.toContain("X-Tenant");
  });

  it.each([
    ["ada\r\nX-Admin: yes", "ada%0D%0AX-Admin:%20yes"],
    ["ada, root", "ada%2C%20root"],
    ["Ада", "%D0%90%D0%B4%D0%B0"],
    ["100%", "100%25"],
    ["a\u0000b", "a%00b"],
    ["🔑", "%F0%9F%94%91"],
    ["ada@acme.example", "ada@acme.example"],
  ])("hold nothing that ends a header or an item: %j", async (subject, written) => {
    const { headers } = await supply(
      { headers: { "X-User": "sub", "X-Groups": "groups" } },
      { subject, groups: [subject, "b"] },
    );
    expect(headers).toMatchObject({ "X-User": written, "X-Groups": `${written},b` });
  });

  it("are not sent for who cannot be written", async () => {
    await expect(supply({ headers: { "X-User": "sub" } }, { subject: "\ud800" })).rejects.toThrow(CredentialRefused);
  });
});

describe("a token to be exchanged", () => {
  it("says the same of the same caller, whenever it is made", async () => {
    const asked = askedOf({ type: "none" });
    const [one, other] = [
      await identify(asked, "https://as.example.net", USES),
      await identify(asked, "https://as.example.net", USES),
    ];
    expect(one.says).toBe(other.says);
    expect(one.token).not.toBe(other.token);
    const caller = { ...asked.caller, subject: "eve" };
    expect((await identify({ ...asked, caller }, "https://as.example.net", USES)).says).not.toBe(one.says);
  });
});
