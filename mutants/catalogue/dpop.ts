import { type Mutant, seed } from "../mutant.ts";

const area = "dpop";

/** Proof of possession, at the token endpoint and at the gateway. */
export const DPOP: readonly Mutant[] = [
  ...seed({
    area,
    file: "src/dpop/proof.ts",
    tests: ["test/dpop/proof.test.ts"],
    mistakes: [
      ["url-ignored", "a proof for one URL serves at another", ' || !namesUrl(claims["htu"], context.url)', ""],
      ["method-ignored", "a proof for GET serves for DELETE", 'claims["htm"] !== context.method || ', ""],
      [
        "token-hash-ignored",
        "a proof serves with another token",
        'return claims["ath"] === encodeBase64url(new Uint8Array(digest));',
        "return digest.byteLength === 32 && encodeBase64url(new Uint8Array(1)) !== null;",
      ],
      ["type-ignored", "any JWT with a key in it is a proof", ' || jws.header.typ !== "dpop+jwt"', ""],
      [
        "signature-unchecked",
        "a proof needs no key",
        "!(await isOwnSignature(jws, key, alg)) || ",
        "(await isOwnSignature(jws, key, alg)) === null || ",
      ],
      [
        "age-ignored",
        "a proof serves for ever",
        "Math.abs(nowSeconds - issuedAtSeconds) <= LIMITS.dpopProofAgeSeconds && ",
        "",
      ],
      [
        "retention-too-short",
        "a proof is forgotten while it is still fresh",
        "issuedAtSeconds + 2 * LIMITS.dpopProofAgeSeconds + 60",
        "issuedAtSeconds",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/dpop/nonce.ts",
    tests: ["test/dpop/nonce.test.ts"],
    mistakes: [
      [
        "nonce-never-ends",
        "a nonce of any day is accepted",
        "return nonce === (await this.#of(window)) || nonce === (await this.#of(window - 1));",
        "return nonce.length === (await this.#of(window)).length;",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/redemption/checks/proof-of-possession.ts",
    tests: ["test/redemption/checks/proof-of-possession.test.ts"],
    mistakes: [
      [
        "another-key",
        "whoever has a bound assertion uses it with a key of his own",
        'if (idJag.confirmedKey !== null && proof.thumbprint !== idJag.confirmedKey) throw new Rejected("proof_key_mismatch");',
        "",
      ],
      [
        "bound-assertion-unproved",
        "a bound assertion is redeemed without a proof",
        "idJag.confirmedKey !== null || client.dpop_required",
        "client.dpop_required",
      ],
      [
        "client-downgraded",
        "a client that must prove its key need not",
        "idJag.confirmedKey !== null || client.dpop_required",
        "idJag.confirmedKey !== null",
      ],
      [
        "nonce-unchecked",
        "a proof made beforehand serves",
        "proof.nonce === null || !(await uses.acceptsNonce(proof.nonce, nowSeconds))",
        "proof.nonce === null",
      ],
      [
        "stale-proof",
        "an old proof is taken",
        'if (!isFresh(proof, nowSeconds)) throw new Rejected("proof_malformed");',
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/redemption/checks/proof-unused.ts",
    tests: ["test/redemption/checks/proof-unused.test.ts"],
    mistakes: [
      [
        "proof-reused",
        "a proof serves twice",
        'if (consumption === "replayed") throw new Rejected("proof_replayed");',
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/gateway/bearer.ts",
    tests: ["test/gateway/bearer.test.ts"],
    mistakes: [
      [
        "bound-token-as-bearer",
        "a stolen bound token opens without its key",
        'isBound !== (credential.scheme === "dpop") || ',
        "",
      ],
      [
        "binding-unchecked",
        "a stolen bound token opens with another key",
        'if (proof.thumbprint !== token.confirmedKey) throw new CallRefused("token_binding");',
        "",
      ],
      [
        "proof-reused-at-the-gateway",
        "a captured call is made again",
        'if (consumption === "replayed") throw new CallRefused("gateway_proof_replayed");',
        "",
      ],
      [
        "stale-proof-at-the-gateway",
        "a captured proof serves for ever",
        "proof === null || !isFresh(proof, readClockSeconds())",
        "proof === null",
      ],
    ],
  }),
];
