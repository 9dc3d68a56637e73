import { describe, expect, it } from "vitest";
import { type DpopKey, makeDpopKey, makeProof } from "../support/dpop.ts";
import type { Members } from "../support/documents.ts";
import { deployedRows } from "../support/ledgers.ts";
import { nowInSeconds, Tenant, TOKEN_ENDPOINT, type TokenAnswer } from "../support/tenant.ts";

/**
 * Step 7 before step 10: a client that is only asked for a nonce, or whose proof is refused for any reason, keeps both
 * its assertion and the proof's identifier. A server that consumed first would make the nonce round trip impossible.
 */
interface Exchange {
  readonly send: (claims?: Members, header?: Members) => Promise<TokenAnswer>;
}

async function begin(tenant: Tenant, key: DpopKey): Promise<Exchange> {
  const assertion = await tenant.assertion({ cnf: { jkt: key.thumbprint } });
  return {
    send: async (claims = {}, header = {}) => {
      const all = { htu: TOKEN_ENDPOINT, ...claims };
      const dpop = await makeProof(key, nowInSeconds(), { claims: all, header });
      return tenant.redeem({ form: { assertion }, headers: { dpop } });
    },
  };
}

describe("a proof that is refused", () => {
  it("for want of a nonce spends nothing, however often it is asked [JAG-P-17]", async () => {
    const { send } = await begin(await Tenant.settle(), await makeDpopKey());
    const before = (await deployedRows()).length;
    let nonce = "";
    for (let round = 0; round < 20; round += 1) {
      const answer = await send({ nonce: round % 2 === 0 ? undefined : "not-ours" });
      expect(answer.body["error"]).toBe("use_dpop_nonce");
      nonce = answer.headers.get("dpop-nonce") ?? "";
    }
    expect((await deployedRows()).length).toBe(before);
    expect((await send({ nonce })).status).toBe(200);
  });

  it.each<[string, Members, Members]>([
    ["for its method", { htm: "GET" }, {}],
    ["for its URL", { htu: "https://elsewhere.example/token" }, {}],
    ["for its age", { iat: nowInSeconds() - 3600 }, {}],
    ["for its type", {}, { typ: "JWT" }],
    ["for its algorithm", {}, { alg: "HS256" }],
    ["for a private key in it", {}, { jwk: { kty: "EC", crv: "P-256", x: "A", y: "A", d: "A" } }],
  ])("%s spends neither the assertion nor its own identifier", async (_name, claims, header) => {
    const tenant = await Tenant.settle();
    const { send } = await begin(tenant, await makeDpopKey());
    const nonce = (await send({ nonce: undefined })).headers.get("dpop-nonce") ?? "";
    const jti = crypto.randomUUID();
    expect((await send({ nonce, jti, ...claims }, header)).body["error"]).toBe("invalid_dpop_proof");
    expect((await send({ nonce, jti })).status).toBe(200);
  });

  it("with the whole request for another reason keeps its identifier", async () => {
    const [tenant, key] = [await Tenant.settle(), await makeDpopKey()];
    const { send } = await begin(tenant, key);
    const nonce = (await send({ nonce: undefined })).headers.get("dpop-nonce") ?? "";
    const proof = await makeProof(key, nowInSeconds(), { claims: { htu: TOKEN_ENDPOINT, nonce } });
    const refused = await tenant.redeem({
      form: { assertion: await tenant.assertion({ cnf: { jkt: key.thumbprint } }), scope: "unknown" },
      headers: { dpop: proof },
    });
    expect(refused.body["error"]).toBe("invalid_scope");
    const assertion = await tenant.assertion({ cnf: { jkt: key.thumbprint } });
    expect((await tenant.redeem({ form: { assertion }, headers: { dpop: proof } })).status).toBe(200);
  });
});

describe("a proof", () => {
  // F06: 64 at once, each with an assertion of its own.
  it("serves once, however many present it at the same time", async () => {
    const [tenant, key] = [await Tenant.settle(), await makeDpopKey()];
    const nonce = (await (await begin(tenant, key)).send({ nonce: undefined })).headers.get("dpop-nonce") ?? "";
    const dpop = await makeProof(key, nowInSeconds(), { claims: { htu: TOKEN_ENDPOINT, nonce } });
    const answers = await Promise.all(Array.from({ length: 64 }, () => tenant.redeem({ headers: { dpop } })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const errors = answers.filter(({ status }) => status !== 200).map(({ body }) => body["error"]);
    expect(new Set(errors)).toEqual(new Set(["invalid_dpop_proof"]));
  });
});
