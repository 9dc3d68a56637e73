import { type Mutant, seed } from "../mutant.ts";

/** How tokens and keys are read, before anything is believed. */
export const TOKENS: readonly Mutant[] = [
  ...seed({
    area: "jws",
    file: "src/jwt/compact-jws.ts",
    tests: ["test/jwt/compact-jws.test.ts"],
    mistakes: [
      ["critical-header-ignored", "a header that must be understood is not", '"crit", "b64"', '"b64"'],
      [
        "embedded-key-accepted",
        "a token names the key that verifies it",
        'if ((jwk !== undefined) !== (embeddedKey === "required")) throw new MalformedJws("header_forbidden");',
        "",
      ],
      ["fourth-part-ignored", "a token with more than three parts is read", " || rest.length > 0", ""],
      ["token-of-any-size", "a token of megabytes is decoded", "token.length > LIMITS.jwtBytes", "token.length < 0"],
    ],
  }),
  ...seed({
    area: "jws",
    file: "src/jwt/base64url.ts",
    tests: ["test/jwt/base64url.test.ts"],
    mistakes: [
      ["second-spelling", "one signature has two spellings", "encodeBase64url(bytes) === text ? bytes : null", "bytes"],
    ],
  }),
  ...seed({
    area: "jws",
    file: "src/jwt/strict-json.ts",
    tests: ["test/jwt/strict-json.test.ts"],
    mistakes: [
      [
        "repeated-members",
        "two parsers read two values of one member",
        'if (container.names?.has(name)) throw new AmbiguousJson("duplicate member");',
        "",
      ],
      [
        "any-depth",
        "JSON.stringify throws after every check has passed",
        'if (this.#open.length >= this.#bounds.depth) throw new AmbiguousJson("too deep");',
        "",
      ],
      [
        "case-not-folded",
        "Go's parser reads a member that ours has not seen",
        "container.foldsCase ? decoded.toUpperCase().toLowerCase() : decoded",
        "decoded",
      ],
    ],
  }),
  ...seed({
    area: "keys",
    file: "src/jwt/verify.ts",
    tests: ["test/jwt/verify.test.ts"],
    mistakes: [
      [
        "first-key-that-fits",
        "which of two keys verifies is chance",
        'others.length > 0 ? "several_keys" : key',
        "key",
      ],
      [
        "algorithm-not-compared",
        "a key is used under another algorithm than the token's",
        "if (jws.header.alg !== alg) return false;",
        "",
      ],
    ],
  }),
  ...seed({
    area: "keys",
    file: "src/jwt/json-web-key.ts",
    tests: ["test/jwt/json-web-key.test.ts"],
    mistakes: [
      ["short-rsa-key", "a key of 512 bits verifies", "bits < LIMITS.rsaModulusMinimumBits || ", ""],
      [
        "published-private-key",
        "a key whose private half is published verifies",
        'if (PRIVATE_MEMBERS.some((member) => member in jwk)) return "private_material";',
        "",
      ],
      [
        "point-of-small-order",
        "one signature verifies over every message",
        'if (curve.kty === "OKP" && isUnfitEd25519Key(decoded)) return "weak_point";',
        "",
      ],
      [
        "algorithm-of-the-key-ignored",
        "a key for one algorithm verifies another",
        'if (stated !== undefined && alg === null) return "algorithm_mismatch";',
        "",
      ],
    ],
  }),
  ...seed({
    area: "keys",
    file: "src/jwt/digest.ts",
    tests: ["test/jwt/digest.test.ts"],
    mistakes: [["parts-run-together", "two identifiers have one digest", "`${byteLength(part)}:${part}`", "part"]],
  }),
  ...seed({
    area: "claims",
    file: "src/jwt/claims.ts",
    tests: ["test/jwt/claims.test.ts"],
    mistakes: [
      [
        "endless-date",
        "an infinite or fractional exp is a date",
        "Number.isSafeInteger(value) &&",
        'typeof value === "number" &&',
      ],
    ],
  }),
  ...seed({
    area: "access-token",
    file: "src/access-token/verify.ts",
    tests: ["test/access-token/verify.test.ts"],
    mistakes: [
      [
        "audience-ignored",
        "a token for one server opens another",
        'if (expected.audience !== null && claims["aud"] !== expected.audience) return "token_audience";',
        "",
      ],
      [
        "expiry-ignored",
        "an expired token opens",
        'expected.nowSeconds >= expiresAtSeconds ? "token_expired" : null',
        "null",
      ],
      ["type-ignored", "another JWT by our keys is an access token", "jws.header.typ !== ACCESS_TOKEN_TYPE || ", ""],
      [
        "unreadable-binding-is-none",
        "a token bound in a way we cannot read is a bearer token",
        '? cnf["jkt"] : "unreadable"',
        '? cnf["jkt"] : null',
      ],
      [
        "issuer-ignored",
        "a token of another issuer by the same key opens",
        'if (claims["iss"] !== expected.issuer) return "token_issuer";',
        "",
      ],
    ],
  }),
];
