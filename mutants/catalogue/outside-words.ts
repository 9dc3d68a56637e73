import { type Mutant, seed } from "../mutant.ts";

const area = "outside-words";

/** What others may be told of tokens, and end by their word: their own, and nothing more. */
export const OUTSIDE_WORDS: readonly Mutant[] = [
  ...seed({
    area,
    file: "src/token-endpoint/introspection-endpoint.ts",
    tests: ["test/abuse/introspection-by-others.test.ts", "test/token-endpoint/introspection-endpoint.test.ts"],
    mistakes: [
      [
        "expired-is-active",
        "an expired token is called good",
        "token === null || refusal !== null ||",
        "token === null ||",
      ],
      [
        "anybody-asks",
        "a resource server is told of its neighbours' tokens",
        "resource?.introspection?.clients.includes(client.client_id) === true",
        "resource?.introspection !== undefined",
      ],
      ["revoked-is-active", "a revoked token is called good", " || (await uses.isRevoked(token.fenced))", ""],
    ],
  }),
  ...seed({
    area,
    file: "src/signals/subject.ts",
    tests: ["test/signals/subject.test.ts"],
    mistakes: [
      [
        "any-domain",
        "a provider ends the access of people at a domain that is not its own",
        '  if (!idp.email_domains.includes(address.domain)) return "not_authoritative";\n',
        "",
      ],
      [
        "critical-ignored",
        "an event is taken for another than it is",
        "  requireNothingCritical(parsed.data, idp);\n",
        "",
      ],
      [
        "foreign-user",
        "a provider ends the access of another one's users",
        '  if (user.format === "iss_sub" && user.iss !== idp.issuer) throw new SignalRejected("access_denied");\n',
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/signals/poll.ts",
    tests: ["test/signals/poll.test.ts"],
    mistakes: [
      [
        "events-of-others",
        "an endpoint delivers another provider's events",
        '    if (event.idp.issuer !== idp.issuer) throw new SignalRejected("invalid_issuer");\n',
        "",
      ],
      ["more-than-asked", "a transmitter has us work without end", ".slice(0, LIMITS.pollEvents)", ""],
    ],
  }),
  ...seed({
    area,
    file: "src/signals/revocation-caller.ts",
    tests: ["test/signals/global-token-revocation.test.ts"],
    mistakes: [
      [
        "any-typ",
        "another kind of JWT ends what a user has",
        "if (jws.header.typ === CALLER_TYPE) return jws",
        "return jws",
      ],
      [
        "any-audience",
        "a credential for others serves here",
        "  requireAudience(jws.unverified, directory.issuer);\n",
        "",
      ],
      [
        "nobody-asked-for-it",
        "a provider whose record does not say so ends what its users have",
        "({ global_token_revocation }) => global_token_revocation",
        "() => true",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/signals/global-token-revocation.ts",
    tests: ["test/signals/global-token-revocation.test.ts"],
    mistakes: [
      [
        "captured-credential",
        "whoever has seen one request makes others",
        '  if (isOnce === "replayed") throw new SignalRejected("authentication_failed");\n',
        "",
      ],
      [
        "repeated-request-says-more",
        "whoever repeats a request ends sign-ins that came after it",
        "caller.issuedAtMilliseconds",
        "trace.receivedAtMilliseconds",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/redemption/fenced-facts.ts",
    tests: ["test/abuse/edit-not-yet-spread.test.ts"],
    mistakes: [
      [
        "old-client",
        "a client that was switched off goes on",
        '    documentFenceName("client", clientRevision),\n',
        "",
      ],
      [
        "old-server",
        "a server that was switched off goes on",
        '    documentFenceName("resource", resourceRevision),\n',
        "",
      ],
    ],
  }),
];
