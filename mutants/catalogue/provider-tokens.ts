import { type Mutant, seed } from "../mutant.ts";

const area = "provider-tokens";
const tests = ["test/abuse/provider-token-confusion.test.ts", "test/access-token/provider-access.test.ts"];

/** Identity providers' own access tokens, which nobody has redeemed. */
export const PROVIDER_TOKENS: readonly Mutant[] = [
  ...seed({
    area,
    file: "src/access-token/provider-access.ts",
    tests,
    mistakes: [
      [
        "provider-disabled",
        "a provider that is disabled lets agents in",
        "!idp.enabled || idp.access_tokens === undefined",
        "idp.access_tokens === undefined",
      ],
      ["other-tokens", "an ID token lets its bearer call", "  requireNoOtherToken(claims);\n", ""],
      [
        "own-words-ignored",
        "a token that says that it is an ID token is an access token",
        'if (saysOther || (use !== undefined && use !== "access")) throw new Rejected("assertion_type");',
        "",
      ],
      [
        "use-ignored",
        "a token that is for another use by its own word is an access token",
        '(use !== undefined && use !== "access")',
        "false",
      ],
      ["nonce-ignored", "what went through a browser lets its bearer call", '["nonce", "at_hash"', '["at_hash"'],
      ["several-audiences", "another server brings here what it was sent", "audiences.length !== 1 || ", ""],
      ["audience-ignored", "a token for another server is taken", "audiences[0] !== expected", "false"],
      [
        "client-is-audience",
        "an ID token under the expected audience lets its bearer call",
        'if (foreign === expected) throw new Rejected("assertion_type");',
        "",
      ],
      [
        "client-disabled",
        "an agent that is disabled calls by its provider's word",
        "client?.enabled !== true",
        "client === undefined",
      ],
      [
        "resource-not-for-client",
        "an agent calls servers that its record does not name",
        'if (!client.resources.includes(resource)) throw new Rejected("resource_not_for_client");',
        "",
      ],
      [
        "signature-in-name",
        "a revoked token goes on in another spelling of its signature",
        '.slice(0, jws.token.lastIndexOf("."))',
        "",
      ],
      [
        "never-ends",
        "a token is good beyond its end",
        'if (nowSeconds >= idJag.expiresAtSeconds) throw new Rejected("assertion_expired");',
        "",
      ],
      ["lives-long", "a token of a year is taken", 'if (typeof window === "string") throw new Rejected(window);', ""],
      [
        "unbound",
        "a client that must prove a key need not",
        "client.dpop_required && idJag.confirmedKey === null",
        "false",
      ],
      [
        "ceiling-ignored",
        "an agent has more than its record allows",
        'client.scopes === "any" ? defined : intersect(defined, new Set(client.scopes))',
        "defined",
      ],
      [
        "untranslated-scopes",
        "a name of every object's is a scope",
        "Object.hasOwn(scopes, name) ? (scopes[name] ?? []) : []",
        "scopes[name] ?? [name]",
      ],
      [
        "key-not-fenced",
        "a provider's key that got out goes on",
        "assertionKeyId: signingKeyId",
        "assertionKeyId: null",
      ],
      [
        "late-sign-in",
        "a token outlives the end of the sign-in that it rests on",
        "Math.min(authentication.authTimeSeconds ?? issuedAtSeconds, issuedAtSeconds)",
        "issuedAtSeconds",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/access-token/provider-person.ts",
    tests,
    mistakes: [
      [
        "groups-left-out",
        "an agent leaves out the groups by which it would be denied",
        "return claims[claim] !== undefined && !isElsewhere;",
        "return true;",
      ],
      [
        "client-as-person",
        "what a client got for itself is a person's",
        "const isClient = clients.some(",
        "const isClient = [].some(",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/gateway/bearer.ts",
    tests: [...tests, "test/gateway/bearer.test.ts"],
    mistakes: [
      ["we-as-provider", "our own name is a provider's where a record says so", "issuer === ours ? null : ", ""],
      [
        "network-unlimited",
        "strangers have us look for keys as often as they like",
        'if (!(await uses.isNetworkWithinRate(request))) throw new CallRefused("gateway_rate_limited");',
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/trust/provider-tokens.ts",
    tests,
    mistakes: [["any-issuer", "an issuer that every object has is taken", " || !Object.hasOwn(accepted, issuer)", ""]],
  }),
];
