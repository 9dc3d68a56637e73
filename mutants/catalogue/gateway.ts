import { type Mutant, seed } from "../mutant.ts";

const area = "gateway";

/** Who may call what, and see what. */
export const GATEWAY: readonly Mutant[] = [
  ...seed({
    area,
    file: "src/gateway/gateway.ts",
    tests: ["test/gateway/list-response.test.ts"],
    mistakes: [
      [
        "list-not-filtered",
        "a list shows what its reader may not use",
        "return isList || isSubscription(call) ? filterResponse(response, viewer) : response;",
        "return isList && viewer === null ? filterResponse(response, viewer) : response;",
      ],
      [
        "stream-not-filtered",
        "a stream that is resumed brings a list unfiltered",
        "isList || isSubscription(call)",
        "isList",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/gateway/gateway.ts",
    tests: [
      "test/gateway/gateway.test.ts",
      "test/gateway/revocation.test.ts",
      "test/abuse/header-body-mismatch.test.ts",
      "test/abuse/path-confusion.test.ts",
    ],
    mistakes: [
      [
        "headers-against-body",
        "an intermediary that looks at headers sees another call than the server",
        "if (call.message !== null) requireAgreement(request.headers, call.message);",
        "",
      ],
      [
        "disabled-server",
        "a disabled server is still reached",
        "found?.document.enabled === true",
        "found?.document.enabled !== undefined",
      ],
      [
        "path-not-as-written",
        "a path that the parser changes reaches another server than it shows",
        "if (writtenPath !== pathname) return null;",
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/gateway/forward-in-session.ts",
    tests: ["test/gateway/gateway.test.ts", "test/gateway/revocation.test.ts"],
    mistakes: [
      [
        "revoked-while-the-tool-ran",
        "what a tool answers reaches who has been revoked meanwhile",
        "await requireStillGood(token, response, uses);",
        "",
      ],
      [
        "stream-outlives-revocation",
        "an open stream goes on after its caller was revoked",
        "isStream(response) ? endWhen(passedOn, () => uses.isRevoked(token.fenced)) : passedOn",
        "isStream(response) && token === null ? endWhen(passedOn, () => uses.isRevoked(token.fenced)) : passedOn",
      ],
      [
        "session-of-another",
        "a session that is not the caller's is used without its upstream's name",
        'if (presented !== null && session === null) throw new CallRefused("session_unknown");',
        "",
      ],
      [
        "stream-outlives-token",
        "a stream outlasts the token that opened it",
        "isSubscription(call) ? token.expiresAtSeconds * 1000 : null",
        "isSubscription(call) ? null : null",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/gateway/upstream.ts",
    tests: ["test/gateway/credential.test.ts", "test/gateway/revocation.test.ts", "test/gateway/gateway.test.ts"],
    mistakes: [
      [
        "revoked-while-the-body-came",
        "who holds a body open outlasts a revocation",
        "    await this.#requireStillAuthorized();\n    const credential",
        "    const credential",
      ],
      [
        "revoked-while-the-credential-came",
        "a credential is sent for who has been revoked while it was looked for",
        "if (supplied.headers.size > 0) await this.#requireStillAuthorized();",
        "",
      ],
      [
        "expired-while-the-credential-came",
        "a token is not looked at again",
        "requireTimely(this.#authorization);",
        "",
      ],
      [
        "refused-for-ever",
        "a call is sent again with what was refused",
        "if (isSameCredential(credential, another)) throw error;",
        "",
      ],
      [
        "any-refusal",
        "a server that forbids is asked again",
        "error.upstreamStatus === 401",
        "error.upstreamStatus !== null",
      ],
      [
        "cached-once-refused",
        "what was refused comes from the cache again",
        "const another = await this.#supply(true)",
        "const another = await this.#supply(false)",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/gateway/authorization.ts",
    tests: ["test/gateway/authorization.test.ts", "test/gateway/list-response.test.ts", "test/gateway/gateway.test.ts"],
    mistakes: [
      [
        "policy-deny-ignored",
        "a call that policy denies is made",
        'if (decision.effect === "permit") return decision;',
        'if (decision.effect === "permit" || decision.effect === "deny") return { effect: "permit", rules: [], obligations: [] };',
      ],
      [
        "lacking-is-enough",
        "a call that lacks a scope is made",
        'if (decision.effect === "permit") return decision;',
        'if (decision.effect === "permit" || decision.effect === "lacking") return { effect: "permit", rules: [], obligations: [] };',
      ],
      ["everything-shown", "a list shows what policy denies", '.effect !== "deny"', ".effect !== null"],
      [
        "unknown-operation",
        "a method that no scope means goes through",
        'if (operation !== null && covering.length === 0) throw new CallRefused("operation_unknown");',
        "",
      ],
      [
        "token-without-a-subject",
        "a rule about somebody is asked about nobody",
        'if (subject.issuer === null || subject.sub === null) throw new CallRefused("token_outdated");',
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/gateway/bearer.ts",
    tests: ["test/gateway/bearer.test.ts", "test/gateway/gateway.test.ts"],
    mistakes: [
      [
        "token-in-query",
        "a token stands in every access log",
        'if (new URL(request.url).searchParams.has("access_token")) throw new CallRefused("token_in_query");',
        "",
      ],
      [
        "revoked-token",
        "a revoked token opens",
        'if (await uses.isRevoked(token.fenced)) throw new CallRefused("token_revoked");',
        "",
      ],
      ["any-scheme", "a token under any scheme opens", "^(bearer|dpop) +", "^([a-z]+) +"],
    ],
  }),
  ...seed({
    area,
    file: "src/gateway/session.ts",
    tests: ["test/gateway/session.test.ts", "test/abuse/session-fixation.test.ts"],
    mistakes: [
      [
        "session-not-bound",
        "another person's session id works",
        '"session", resource, principal, clientId, upstreamId]',
        '"session", resource, clientId, upstreamId, String(principal.length < 0)]',
      ],
      [
        "session-of-another-server",
        "a session id of one server works at another",
        '"session", resource, principal, clientId, upstreamId]',
        '"session", principal, clientId, upstreamId, String(resource.length < 0)]',
      ],
      [
        "made-up-session",
        "a session id needs no MAC",
        "if (await this.#key.verify(mac, spell(session, holder))) return session;",
        "if ((await this.#key.verify(mac, spell(session, holder))) !== null) return session;",
      ],
    ],
  }),
];
