import { type Mutant, seed } from "../mutant.ts";

const area = "oauth-client";

/** What we believe of other people's authorization servers, and what we send them. */
export const OAUTH_CLIENT: readonly Mutant[] = [
  ...seed({
    area,
    file: "src/oauth-client/discovery.ts",
    tests: ["test/oauth-client/discovery.test.ts"],
    mistakes: [
      [
        "issuer-unchecked",
        "metadata of another issuer is used",
        'if (data.issuer !== issuer) throw new OAuthFailure("issuer_mismatch");',
        "",
      ],
      [
        "endpoint-anywhere",
        "a secret is sent to an address inside",
        "addresses.some((address) => address !== undefined && findUrlFlaw(address, rules) !== null)",
        "false",
      ],
      [
        "resource-unchecked",
        "another server's metadata says whom we authorize at",
        'if (data.resource !== resource) throw new OAuthFailure("resource_mismatch");',
        "",
      ],
      [
        "challenge-anywhere",
        "a challenge has us contact whom it likes",
        " || new URL(address).origin !== new URL(resource).origin",
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/oauth-client/authorization.ts",
    tests: ["test/oauth-client/authorization.test.ts", "test/abuse/connect-forged-answers.test.ts"],
    mistakes: [
      [
        "pkce-optional",
        "people are sent to a server that ignores the code challenge",
        "authorizationEndpoint === null || !hasS256",
        "authorizationEndpoint === null",
      ],
      [
        "issuer-optional",
        "a server that names itself need not",
        "(server.namesItself || issuer !== null)",
        "issuer !== null",
      ],
      [
        "answer-of-another",
        "another server's answer is taken",
        "issuer !== server.issuer && (server.namesItself || issuer !== null)",
        "false",
      ],
      [
        "repeated-parameters",
        "an answer that says a thing twice is taken",
        'if (values.length > 1) throw new OAuthFailure("answer_malformed");',
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/oauth-client/id-jag.ts",
    tests: ["test/oauth-client/token-exchange.test.ts"],
    mistakes: [
      [
        "type-unchecked",
        "an access token is sent on as an ID-JAG",
        'if (header.typ !== "oauth-id-jag+jwt") throw new OAuthFailure("id_jag_type");',
        "",
      ],
      [
        "audience-unchecked",
        "an ID-JAG for another server is sent on",
        'if (!isOnly(readStringList(claims, "aud", 1), expected.audience)) throw new OAuthFailure("id_jag_audience");',
        "",
      ],
      [
        "id-jag-for-anything",
        "an ID-JAG for whatever a server guards is sent on",
        'if (!isOnly(readStringList(claims, "resource", 1), expected.resource)) throw new OAuthFailure("id_jag_resource");',
        "",
      ],
      [
        "bound-to-another",
        "an ID-JAG that is bound to another's key is sent on",
        'if (claims["cnf"] !== undefined) throw new OAuthFailure("id_jag_confirmation");',
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/oauth-client/token-response.ts",
    tests: ["test/oauth-client/token-request.test.ts", "test/oauth-client/token-exchange.test.ts"],
    mistakes: [
      [
        "token-type-ignored",
        "a token that nobody can use is taken for a bearer token",
        'if (data.token_type.toLowerCase() !== expectedType) throw new OAuthFailure("token_type");',
        "",
      ],
      [
        "lifetime-unbounded",
        "a token is kept for as long as its server says",
        "Math.min(stated, LIMITS.issuedTokenLifetimeMaximumSeconds)",
        "stated",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/oauth-client/client-authentication.ts",
    tests: ["test/oauth-client/client-authentication.test.ts"],
    mistakes: [
      [
        "unencoded-secret",
        "a colon in a client's id moves into its password",
        "${encodeFormValue(clientId)}:",
        "${clientId}:",
      ],
      [
        "method-forced",
        "a password is sent to a server that does not take it",
        'if (!server.clientAuthenticationMethods.includes(client.method)) throw new OAuthFailure("method_unsupported");',
        "",
      ],
    ],
  }),
];
