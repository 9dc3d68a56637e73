import { type Mutant, seed } from "../mutant.ts";

const area = "client";
const authentication = "src/token-endpoint/client-authentication";
const test = (name: string): readonly string[] => [`test/token-endpoint/client-authentication/${name}.test.ts`];

/** Who asks for a token, and how it is asked for. */
export const CLIENT: readonly Mutant[] = [
  ...seed({
    area,
    file: `${authentication}/authenticate-client.ts`,
    tests: test("authenticate-client"),
    mistakes: [
      [
        "secret-unchecked",
        "any secret will do",
        'if (!matches) throw new Rejected("client_secret_wrong");',
        "if (matches === null) return null as never;",
      ],
      [
        "disabled-client",
        "a disabled client gets tokens",
        'if (!found.document.enabled) throw new Rejected("client_disabled");',
        "",
      ],
      [
        "method-downgraded",
        "a client with a key comes in with a secret",
        'if (!found.document.authentication.methods.includes(method)) throw new Rejected("client_method_not_allowed");',
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: `${authentication}/credentials.ts`,
    tests: test("credentials"),
    mistakes: [
      [
        "several-credentials",
        "one method is checked and another one named",
        'if (others.length > 0) throw new Rejected("client_credentials_several");',
        "",
      ],
      [
        "another-client-in-the-form",
        "the form names another client than the credentials",
        'if ((form.get("client_id") ?? clientId) !== clientId) throw new Rejected("client_credentials_malformed");',
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: `${authentication}/private-key-jwt.ts`,
    tests: test("private-key-jwt"),
    mistakes: [
      [
        "assertion-audience",
        "a client assertion for another server is taken here",
        "audience.length !== 1 || audience[0] !== issuer",
        "audience.length < 1",
      ],
      [
        "assertion-several-audiences",
        "a client assertion for several servers is taken by each",
        "audience.length !== 1 || audience[0] !== issuer",
        "!audience.includes(issuer)",
      ],
      [
        "assertion-signature",
        "anybody is any client",
        "alg === undefined || !(await isSignedBy(jws, key, alg))",
        "alg === undefined",
      ],
      [
        "assertion-type",
        "another kind of JWT is a client assertion",
        'if (!TYPES.includes(jws.header.typ)) throw new Rejected("client_assertion_type");',
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/token-endpoint/token-request.ts",
    tests: ["test/token-endpoint/token-request.test.ts", "test/token-endpoint/token-endpoint.test.ts"],
    mistakes: [
      [
        "assertion-reused",
        "a captured client assertion serves again",
        'if (consumption === "replayed") throw new Rejected("client_assertion_replayed");',
        "",
      ],
      [
        "grant-not-allowed",
        "a client uses a grant that it is not registered for",
        'if (!client.grant_types.includes(grantType)) throw new Rejected("grant_type_not_allowed");',
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/token-endpoint/form.ts",
    tests: ["test/token-endpoint/form.test.ts"],
    mistakes: [
      [
        "parameter-twice",
        "what stands before us reads the first, and we the last",
        'if (names.has(name)) throw new Rejected("parameter_repeated");',
        "",
      ],
      [
        "form-of-any-size",
        "a form of any size is held in memory",
        "LIMITS.requestBodyBytes, ",
        "Number.MAX_SAFE_INTEGER, ",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/trust/client-metadata.ts",
    tests: ["test/trust/client-metadata.test.ts"],
    mistakes: [
      [
        "document-of-another",
        "a document speaks for a client that it was not fetched for",
        'if (document["client_id"] !== expected.clientId) return "client_id";',
        "",
      ],
      [
        "keys-anywhere",
        "a document names keys at a host that no administrator has allowed",
        'if (new URL(address).origin !== new URL(clientId).origin) return "jwks_uri";',
        "",
      ],
      [
        "published-private-key",
        "a client whose private key is published is believed",
        'if (read.includes("private_material")) return "private_key";',
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/token-endpoint/token-endpoint.ts",
    tests: ["test/token-endpoint/token-endpoint.test.ts"],
    mistakes: [
      [
        "refusal-unrecorded",
        "a refusal is answered that is on no record",
        "await account(refused, known, handling);",
        "void account(refused, known, handling).catch(() => undefined);",
      ],
    ],
  }),
];
