import { beforeAll, describe, expect, it } from "vitest";
import { requireAccessToken } from "../../src/gateway/bearer.ts";
import { CallRefused } from "../../src/gateway/refusal.ts";
import { RESOURCE } from "../support/documents.ts";
import { type DpopKey, makeDpopKey } from "../support/dpop.ts";
import { type CallChanges, TestGateway } from "../support/gateway.ts";
import { makeResource } from "../support/redemption.ts";
import { makeTestKey } from "../support/test-idp.ts";

let gateway: TestGateway;
let key: DpopKey;

beforeAll(async () => {
  gateway = await TestGateway.start();
  key = await makeDpopKey();
});

const now = (): number => Math.floor(Date.now() / 1000);

interface Verdict {
  readonly reason: string;
  /** Whether we know whose call it was: what makes it a matter of record. */
  readonly isCallerKnown: boolean;
}

async function verdictOn(changes: CallChanges, resource = makeResource()): Promise<Verdict> {
  const call = { request: await gateway.request(changes), resource, resourceRevision: "r1", caller: null };
  try {
    await requireAccessToken(call, gateway.dependencies);
    return { reason: "accepted", isCallerKnown: call.caller !== null };
  } catch (error) {
    if (!(error instanceof CallRefused)) throw error;
    return { reason: error.reason, isCallerKnown: call.caller !== null };
  }
}

const bound = (claims: object = {}): Promise<string> => gateway.token({ cnf: { jkt: key.thumbprint }, ...claims });

describe("the credential", () => {
  const tokens: readonly [name: string, changes: () => CallChanges | Promise<CallChanges>, reason: string][] = [
    ["none", () => ({ token: null }), "token_missing"],
    ["in the query, beside a good one", () => ({ url: `${RESOURCE}?access_token=x` }), "token_in_query"],
    ["in the query under an escaped name", () => ({ url: `${RESOURCE}?access%5Ftoken=x` }), "token_in_query"],
    ["another scheme", () => ({ scheme: "Basic" }), "token_malformed"],
    ["no token after the scheme", () => ({ headers: { authorization: "Bearer" } }), "token_malformed"],
    ["two tokens", () => ({ headers: { authorization: "Bearer a.b.c, Bearer d.e.f" } }), "token_malformed"],
    ["not a JWT", () => ({ token: "opaque" }), "token_malformed"],
    ["the scheme in lower case", async () => ({ scheme: "bearer" }), "accepted"],
    ["several spaces", async () => ({ scheme: "Bearer  " }), "accepted"],
  ];

  it.each(tokens)("%s", async (_name, changes, reason) => {
    expect((await verdictOn(await changes())).reason).toBe(reason);
  });
});

describe("the token", () => {
  const other = makeTestKey("ES256", "gateway");
  const rows: readonly [name: string, token: () => Promise<string>, expected: Verdict][] = [
    ["good", () => gateway.token(), { reason: "accepted", isCallerKnown: true }],
    [
      "of another kind",
      () => gateway.token({}, { header: { typ: "oauth-id-jag+jwt" } }),
      { reason: "token_malformed", isCallerKnown: false },
    ],
    [
      "by a stranger's key under our key's name",
      async () => gateway.token({}, { key: await other }),
      { reason: "token_signature", isCallerKnown: false },
    ],
    [
      "under a key that we do not have",
      () => gateway.token({}, { header: { kid: "another" } }),
      { reason: "token_signature", isCallerKnown: false },
    ],
    [
      "by another issuer",
      () => gateway.token({ iss: "https://elsewhere.example" }),
      { reason: "token_issuer", isCallerKnown: true },
    ],
    [
      "for a sibling server",
      () => gateway.token({ aud: `${RESOURCE}/more` }),
      { reason: "token_audience", isCallerKnown: true },
    ],
    [
      "for this server among others",
      () => gateway.token({ aud: [RESOURCE, "https://b.example"] }),
      { reason: "token_audience", isCallerKnown: true },
    ],
    ["expired this second", () => gateway.token({ exp: now() }), { reason: "token_expired", isCallerKnown: true }],
    ["without an expiry", () => gateway.token({ exp: undefined }), { reason: "token_malformed", isCallerKnown: false }],
  ];

  it.each(rows)("%s", async (_name, token, expected) => {
    expect(await verdictOn({ token: await token() })).toEqual(expected);
  });
});

describe("a token bound to a key (RFC 9449 §7)", () => {
  it("is accepted under its own scheme with a proof", async () => {
    const token = await bound();
    const headers = { dpop: await gateway.proof(key, token) };
    expect(await verdictOn({ token, scheme: "DPoP", headers })).toEqual({ reason: "accepted", isCallerKnown: true });
  });

  it("is good for one call a proof", async () => {
    const token = await bound();
    const changes = { token, scheme: "DPoP", headers: { dpop: await gateway.proof(key, token) } };
    expect((await verdictOn(changes)).reason).toBe("accepted");
    expect(await verdictOn(changes)).toEqual({ reason: "gateway_proof_replayed", isCallerKnown: true });
  });

  const proofs: readonly [name: string, claims: () => object, reason: string][] = [
    ["another method", () => ({ htm: "GET" }), "gateway_proof_invalid"],
    ["the token endpoint", () => ({ htu: "https://crossgate.example/token" }), "gateway_proof_invalid"],
    ["the upstream's URL", () => ({ htu: "https://files.example.net/mcp" }), "gateway_proof_invalid"],
    ["a URL with a query", () => ({ htu: `${RESOURCE}?a` }), "gateway_proof_invalid"],
    ["no token", () => ({ ath: undefined }), "gateway_proof_invalid"],
    ["another token", () => ({ ath: "A".repeat(43) }), "gateway_proof_invalid"],
    ["a time long past", () => ({ iat: now() - 120 }), "gateway_proof_invalid"],
    ["a time to come", () => ({ iat: now() + 120 }), "gateway_proof_invalid"],
    ["no identifier of its own", () => ({ jti: undefined }), "gateway_proof_invalid"],
    ["the same URL in another spelling", () => ({ htu: "HTTPS://Crossgate.Example/mcp/files" }), "accepted"],
  ];

  it.each(proofs)("with a proof that names %s [DP-06]", async (_name, claims, reason) => {
    const token = await bound();
    const headers = { dpop: await gateway.proof(key, token, { ...claims() }) };
    expect((await verdictOn({ token, scheme: "DPoP", headers })).reason).toBe(reason);
  });

  const misuses: readonly [name: string, changes: () => Promise<CallChanges>, reason: string][] = [
    ["as a bearer token", async () => ({ token: await bound() }), "token_binding"],
    ["without a proof", async () => ({ token: await bound(), scheme: "DPoP" }), "gateway_proof_invalid"],
    [
      "with two proofs",
      async () => {
        const token = await bound();
        const dpop = `${await gateway.proof(key, token)}, ${await gateway.proof(key, token)}`;
        return { token, scheme: "DPoP", headers: { dpop } };
      },
      "gateway_proof_invalid",
    ],
    [
      "with a thief's proof",
      async () => {
        const token = await bound();
        return { token, scheme: "DPoP", headers: { dpop: await gateway.proof(await makeDpopKey(), token) } };
      },
      "token_binding",
    ],
    [
      "to something that is no thumbprint",
      async () => {
        const token = await gateway.token({ cnf: { "x5t#S256": "somebody" } });
        return { token, scheme: "DPoP", headers: { dpop: await gateway.proof(key, token) } };
      },
      "token_binding",
    ],
  ];

  it.each(misuses)("is refused %s, and it is known whose it is", async (_name, changes, reason) => {
    expect(await verdictOn(await changes())).toEqual({ reason, isCallerKnown: true });
  });

  it("is the only kind that a server with dpop_required takes", async () => {
    const resource = makeResource({ dpop_required: true });
    expect((await verdictOn({}, resource)).reason).toBe("token_binding");
    const token = await bound();
    const headers = { dpop: await gateway.proof(key, token) };
    expect((await verdictOn({ token, scheme: "DPoP", headers }, resource)).reason).toBe("accepted");
  });

  it("an unbound token gains nothing from the DPoP scheme", async () => {
    const token = await gateway.token();
    const headers = { dpop: await gateway.proof(key, token) };
    expect((await verdictOn({ token, scheme: "DPoP", headers })).reason).toBe("token_binding");
  });
});
