import { describe, expect, it } from "vitest";
import { makeDpopKey, makeProof } from "../support/dpop.ts";
import { CLIENT_ASSERTION_TYPE, nowInSeconds, type RequestChanges, Tenant, TOKEN_ENDPOINT } from "../support/tenant.ts";

/**
 * C08 (CVE-2026-4282, CVE-2026-4325: one flat single-use store for everything): what is used once as one kind of thing
 * is still unused as every other.
 */
describe("one identifier", () => {
  it("is good once as ID-JAG, once as client assertion and once as proof, in any order [CVE-2026-4282] [PKJ-02]", async () => {
    const orders = [
      ["assertion", "clientAssertion", "proof"],
      ["clientAssertion", "proof", "assertion"],
      ["proof", "assertion", "clientAssertion"],
    ] as const;
    for (const order of orders) {
      const tenant = await Tenant.settle();
      const jti = crypto.randomUUID();
      const uses = await makeUses(tenant, jti);
      for (const kind of order)
        expect((await tenant.redeem(await uses[kind]())).status, `${order.join()} at ${kind}`).toBe(200);
      for (const kind of order)
        expect((await tenant.redeem(await uses[kind]())).status, `${order.join()} again`).not.toBe(200);
    }
  });

  // The client's id as issuer: a client that signs assertions could otherwise use up the ID-JAGs of its namesake.
  it("is good for a client and for an issuer of the same name", async () => {
    const tenant = await Tenant.settle();
    const jti = crypto.randomUUID();
    const namesake = { ...(await registration(tenant)), client_id: tenant.idp.issuer };
    await tenant.put("client", tenant.idp.issuer, namesake);
    const claims = { iss: tenant.idp.issuer, sub: tenant.idp.issuer, jti };
    const form = {
      client_assertion_type: CLIENT_ASSERTION_TYPE,
      client_assertion: await tenant.clientAssertion(claims),
      assertion: await tenant.assertion({ jti, client_id: tenant.idp.issuer }),
    };
    // Policy does not know this client: it gets no token, and has been authenticated by then.
    expect((await tenant.redeem({ headers: { authorization: undefined }, form })).body["error"]).toBe("invalid_grant");
    expect((await tenant.redeem({ headers: { authorization: undefined }, form })).body["error"]).toBe("invalid_client");
    expect((await tenant.redeem({ form: { assertion: await tenant.assertion({ jti }) } })).status).toBe(200);
  });
});

describe("a client that is named after a key", () => {
  it("uses up none of that key's proofs, nor the other way round [CVE-2026-4325]", async () => {
    const [tenant, key] = [await Tenant.settle(), await makeDpopKey()];
    const claims = { iss: key.thumbprint, sub: key.thumbprint };
    await tenant.put("client", key.thumbprint, { ...(await registration(tenant)), client_id: key.thumbprint });
    const present = async (jti: string, header: { dpop?: string } = {}) =>
      tenant.redeem({
        headers: { authorization: undefined, ...header },
        form: {
          client_assertion_type: CLIENT_ASSERTION_TYPE,
          client_assertion: await tenant.clientAssertion({ ...claims, jti }),
          assertion: await tenant.assertion(),
        },
      });
    const challenge = await tenant.redeem({ headers: { dpop: await proofOf(key, { nonce: undefined }) } });
    const nonce = challenge.headers.get("dpop-nonce") ?? "";
    const [first, second] = [crypto.randomUUID(), crypto.randomUUID()];
    // The ID-JAG is not this client's, which is found out after the client is known and its assertion spent.
    expect((await present(first)).body["error"]).toBe("invalid_grant");
    expect((await tenant.redeem({ headers: { dpop: await proofOf(key, { nonce, jti: first }) } })).status).toBe(200);
    expect((await tenant.redeem({ headers: { dpop: await proofOf(key, { nonce, jti: second }) } })).status).toBe(200);
    expect((await present(second)).body["error"]).toBe("invalid_grant");
  });
});

async function registration(tenant: Tenant) {
  return {
    name: "Namesake",
    authentication: { methods: ["private_key_jwt"], key_set: { keys: [tenant.clientKey.publicJwk] } },
    resources: [tenant.resource],
    scopes: "any",
  };
}

/** Requests that differ in what the identifier is, and in nothing else that is used once. */
async function makeUses(tenant: Tenant, jti: string) {
  const key = await makeDpopKey();
  const challenge = await tenant.redeem({ headers: { dpop: await proofOf(key, { nonce: undefined }) } });
  const nonce = challenge.headers.get("dpop-nonce") ?? "";
  return {
    assertion: async (): Promise<RequestChanges> => ({ form: { assertion: await tenant.assertion({ jti }) } }),
    clientAssertion: async (): Promise<RequestChanges> => ({
      headers: { authorization: undefined },
      form: {
        client_assertion_type: CLIENT_ASSERTION_TYPE,
        client_assertion: await tenant.clientAssertion({ jti }),
      },
    }),
    proof: async (): Promise<RequestChanges> => ({ headers: { dpop: await proofOf(key, { nonce, jti }) } }),
  };
}

function proofOf(key: Awaited<ReturnType<typeof makeDpopKey>>, claims: { nonce?: string | undefined; jti?: string }) {
  return makeProof(key, nowInSeconds(), { claims: { htu: TOKEN_ENDPOINT, ...claims } });
}
