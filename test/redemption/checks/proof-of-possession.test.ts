import { beforeAll, describe, expect, it, vi } from "vitest";
import { LIMITS } from "../../../src/limits.ts";
import { proofOfPossession } from "../../../src/redemption/checks/proof-of-possession.ts";
import { Passed } from "../../../src/redemption/passed.ts";
import { GRANT_TYPE_JWT_BEARER, GRANT_TYPE_JWT_DPOP, type GrantType } from "../../../src/trust/client.ts";
import { CROSSGATE, type Members } from "../../support/documents.ts";
import { type DpopKey, makeDpopKey, makeProof, type ProofChanges } from "../../support/dpop.ts";
import { makeClient, makeIdJag, NOW, reasonOf } from "../../support/redemption.ts";

let bound: DpopKey;
let other: DpopKey;

beforeAll(async () => {
  [bound, other] = [await makeDpopKey(), await makeDpopKey()];
});

interface Cell {
  readonly isBound: boolean;
  readonly proof: string | null;
  readonly grantType?: GrantType;
  readonly client?: Members;
}

const acceptsNonce = async (nonce: string): Promise<boolean> => nonce === "good-nonce";

function check({ isBound, proof, grantType = GRANT_TYPE_JWT_BEARER, client = {} }: Cell, accepts = acceptsNonce) {
  const known = {
    nowSeconds: NOW,
    client: makeClient(client),
    grantType,
    dpopProof: proof,
    clientChecked: new Passed("client_continuity"),
    idJag: makeIdJag({ confirmedKey: isBound ? bound.thumbprint : null }),
  };
  return proofOfPossession(known, { tokenEndpoint: `${CROSSGATE}/token`, acceptsNonce: accepts });
}

function proofBy(key: DpopKey, changes: ProofChanges = {}): Promise<string> {
  return makeProof(key, NOW, changes);
}

/** ID-JAG §9.8.1.2: {bound or not} × {proof or none}. */
describe("proof_of_possession", () => {
  it("bound, and proved with that key: gives the proof", async () => {
    const { proof } = await check({ isBound: true, proof: await proofBy(bound) });
    expect(proof).toMatchObject({ thumbprint: bound.thumbprint, nonce: "good-nonce", issuedAtSeconds: NOW });
  });

  it("not bound, and proved: gives the proof, whose key binds the token", async () => {
    const { proof } = await check({ isBound: false, proof: await proofBy(other) });
    expect(proof?.thumbprint).toBe(other.thumbprint);
  });

  it("not bound, not proved: gives none", async () => {
    expect(await check({ isBound: false, proof: null })).toEqual({ proof: null });
  });

  it("bound, and not proved: refuses", async () => {
    expect(await reasonOf(() => check({ isBound: true, proof: null }))).toBe("proof_missing");
  });

  it("bound, and proved with another key: refuses", async () => {
    const proof = await proofBy(other);
    expect(await reasonOf(() => check({ isBound: true, proof }))).toBe("proof_key_mismatch");
  });

  it("refuses a client without a proof where its registration demands one [DP-05]", async () => {
    expect(await reasonOf(() => check({ isBound: false, proof: null, client: { dpop_required: true } }))).toBe(
      "proof_missing",
    );
  });

  describe("under the jwt-dpop grant", () => {
    const grantType = GRANT_TYPE_JWT_DPOP;

    it("accepts both the binding and the proof", async () => {
      const proof = await proofBy(bound);
      expect(await reasonOf(() => check({ isBound: true, proof, grantType }))).toBe("accepted");
    });

    it.each([
      ["neither", false, false],
      ["a proof alone", false, true],
      ["a binding alone", true, false],
    ])("refuses %s", async (_what, isBound, hasProof) => {
      const proof = hasProof ? await proofBy(bound) : null;
      expect(await reasonOf(() => check({ isBound, proof, grantType }))).toBe("proof_missing");
    });
  });

  const bad: [string, string, ProofChanges][] = [
    ["for another method", "proof_malformed", { claims: { htm: "GET" } }],
    ["for another URL", "proof_malformed", { claims: { htu: "https://elsewhere.example/token" } }],
    ["for our issuer in place of the token endpoint", "proof_malformed", { claims: { htu: CROSSGATE } }],
    ["of another type", "proof_malformed", { header: { typ: "JWT" } }],
    ["without a jti", "proof_malformed", { claims: { jti: undefined } }],
    ["a second too old", "proof_malformed", { claims: { iat: NOW - LIMITS.dpopProofAgeSeconds - 1 } }],
    ["a second too new", "proof_malformed", { claims: { iat: NOW + LIMITS.dpopProofAgeSeconds + 1 } }],
    ["without a nonce", "proof_nonce_required", { claims: { nonce: undefined } }],
    ["with a nonce that is not ours", "proof_nonce_required", { claims: { nonce: "made-up" } }],
  ];

  it.each(bad)(
    "refuses a proof %s, whether the assertion is bound or not: %s [JAG-P-16]",
    async (_what, reason, changes) => {
      const proof = await proofBy(bound, changes);
      expect(await reasonOf(() => check({ isBound: true, proof }))).toBe(reason);
      expect(await reasonOf(() => check({ isBound: false, proof }))).toBe(reason);
    },
  );

  it.each(["", "x", "a.b.c"])("refuses %o for a proof", async (proof) => {
    expect(await reasonOf(() => check({ isBound: false, proof }))).toBe("proof_malformed");
  });

  it.each([LIMITS.dpopProofAgeSeconds, -LIMITS.dpopProofAgeSeconds])(
    "accepts a proof that is %i seconds old",
    async (age) => {
      const proof = await proofBy(bound, { claims: { iat: NOW - age } });
      expect(await reasonOf(() => check({ isBound: true, proof }))).toBe("accepted");
    },
  );

  it("asks about the nonce at the time of the request, and only for a proof whose signature holds", async () => {
    const accepts = vi.fn(acceptsNonce);
    const forged = (await proofBy(bound)).replace(/[^.]+$/, "A".repeat(86));
    expect(await reasonOf(() => check({ isBound: true, proof: forged }, accepts))).toBe("proof_malformed");
    expect(accepts).not.toHaveBeenCalled();
    await check({ isBound: true, proof: await proofBy(bound) }, accepts);
    expect(accepts).toHaveBeenCalledExactlyOnceWith("good-nonce", NOW);
  });
});
