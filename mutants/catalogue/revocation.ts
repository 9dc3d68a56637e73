import { type Mutant, seed } from "../mutant.ts";

const area = "revocation";

/** What has been stopped stays stopped, everywhere, and in time. */
export const REVOCATION: readonly Mutant[] = [
  ...seed({
    area,
    file: "durable-objects/ledger-fences.ts",
    tests: [
      "test/durable-objects/revocation-registry.test.ts",
      "test/durable-objects/assertion-ledger.test.ts",
      "test/abuse/revocation-race.test.ts",
    ],
    mistakes: [
      [
        "announcement-ignored",
        "a ledger issues by what it knew before it was told of more",
        "return this.#hasHeardAll() && nowMilliseconds < this.#leaseEndsAt;",
        "return nowMilliseconds < this.#leaseEndsAt;",
      ],
      [
        "endless-lease",
        "a ledger that the registry cannot reach issues for ever",
        "return this.#hasHeardAll() && nowMilliseconds < this.#leaseEndsAt;",
        "return this.#hasHeardAll() && this.#leaseEndsAt > 0 && nowMilliseconds > 0;",
      ],
      [
        "lease-from-the-answer",
        "a lease outlives what the registry thinks of it",
        "this.#leaseEndsAt = askedAt + LIMITS.fenceLeaseMilliseconds;",
        "this.#leaseEndsAt = Number.MAX_SAFE_INTEGER;",
      ],
      ["outage-passes", "without the registry everything is issued", 'return "unknown";', 'return "passes";'],
    ],
  }),
  ...seed({
    area,
    file: "durable-objects/revocation-registry.ts",
    tests: ["test/durable-objects/revocation-registry.test.ts"],
    mistakes: [
      [
        "silence-is-consent",
        "a revocation is called effective at a ledger that has not heard of it",
        "    } catch {\n      return false;",
        "    } catch {\n      return true;",
      ],
      [
        "lease-without-margin",
        "the registry stops waiting before the ledger stops issuing",
        " + LIMITS.fenceLeaseMarginMilliseconds;",
        ";",
      ],
      [
        "lease-before-the-last-page",
        "a ledger issues while it has heard but half",
        "if (!update.isLast) return update;",
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: "durable-objects/registry-tables.ts",
    tests: ["test/durable-objects/revocation-registry.test.ts"],
    mistakes: [
      [
        "told-is-heard",
        "a ledger counts as knowing what an answer told it that never came",
        "CASE WHEN until > ?4 THEN MAX(version, ?3) ELSE ?2 END",
        "CASE WHEN until > ?4 THEN MAX(version, ?2, ?3) ELSE ?2 END",
      ],
      [
        "half-a-version-heard",
        "half of an order is never heard of",
        "version: isLast ? position.version : last - 1,",
        "version: isLast ? position.version : last,",
      ],
    ],
  }),
  ...seed({
    area,
    file: "durable-objects/registry-room.ts",
    tests: ["test/abuse/registry-filled-by-signals.test.ts"],
    mistakes: [
      [
        "nothing-new-needs-room",
        "in a full registry nobody can tighten what is known",
        "if (needed === 0) return true;",
        "",
      ],
      [
        "no-reserve",
        "signals fill the room that an operator needs",
        'giver === "operator" ? LIMITS.fences : LIMITS.fencesBeforeReserve',
        "LIMITS.fences",
      ],
      [
        "no-share",
        "one provider fills the registry",
        "if (this.#used(giver) + needed > LIMITS.fencesPerIssuer) return false;",
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: "durable-objects/revocations.ts",
    tests: ["test/durable-objects/revocations.test.ts"],
    mistakes: [
      ["never-asked", "an isolate goes by what it knew when it began", "await this.follow();", ""],
      [
        "stale-copy",
        "an isolate goes by a copy of any age",
        "if (age >= LIMITS.fencesStaleMilliseconds) return this.#ask();",
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/revocation/fence.ts",
    tests: ["test/revocation/fence.test.ts"],
    mistakes: [
      [
        "fence-goes-back",
        "a late signal takes back what a newer one said",
        "Math.max(one.notBeforeMilliseconds, other.notBeforeMilliseconds)",
        "other.notBeforeMilliseconds",
      ],
      [
        "lift-wins-a-tie",
        "of two words at one instant, the one that lifts counts",
        "return one.isBlocked ? one : other;",
        "return one.isBlocked ? other : one;",
      ],
      [
        "block-ignored",
        "what is blocked goes on with a fresh sign-in",
        "return signedInAtMilliseconds <= notBeforeMilliseconds || Object.values(blocks).some(({ isBlocked }) => isBlocked);",
        "return signedInAtMilliseconds <= notBeforeMilliseconds && blocks !== null;",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/revocation/fence-names.ts",
    tests: ["test/revocation/fence-names.test.ts"],
    mistakes: [
      [
        "family-not-named",
        "a member of a blocked family of clients goes on",
        "[parties.clientId, ...patternsFor(parties.clientId)]",
        "[parties.clientId]",
      ],
      [
        "subject-of-any-tenant",
        "a subject that is stopped in whichever tenant goes on in one",
        '...(sub === null ? [] : [fenceName("subject", issuer, sub)]),',
        "",
      ],
      [
        "key-not-named",
        "what a stolen key has signed goes on",
        '...(assertionKeyId === null ? [] : [fenceName("assertion_key", issuer, assertionKeyId)]),',
        "...(assertionKeyId === null ? [] : []),",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/redemption/fenced-facts.ts",
    tests: ["test/redemption/fenced-facts.test.ts"],
    mistakes: [
      [
        "documents-not-fenced",
        "a document that was narrowed decides until KV has spread it",
        "[...names, ...documentNames(decided)]",
        "[...names, ...documentNames(decided).slice(4)]",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/token-endpoint/revocation-endpoint.ts",
    tests: ["test/token-endpoint/revocation-endpoint.test.ts"],
    mistakes: [
      ["another-clients-token", "a client ends the tokens of another", " || known.clientId !== client.client_id", ""],
    ],
  }),
  ...seed({
    area: "signals",
    file: "src/signals/transmitter.ts",
    tests: ["test/abuse/security-event.test.ts"],
    mistakes: [
      [
        "signature-unchecked",
        "anybody speaks in a provider's name",
        'if (!(await isSignedBy(jws, key, alg))) throw new SignalRejected("authentication_failed");',
        "",
      ],
      [
        "blocked-transmitter",
        "a provider lifts what it had said while it is blocked",
        'if (await isRevoked([fenceName("issuer", idp.issuer)])) throw new SignalRejected("access_denied");',
        "",
      ],
    ],
  }),
  ...seed({
    area: "signals",
    file: "src/signals/security-event.ts",
    tests: ["test/abuse/security-event.test.ts"],
    mistakes: [
      [
        "audience-ignored",
        "an event for another receiver counts here",
        'if (![aud].flat().includes(directory.issuer)) throw new SignalRejected("invalid_audience");',
        "",
      ],
      [
        "event-of-the-future",
        "an event of the far future is the last word for good",
        "Math.max(atMilliseconds, iat * 1000) > nowMilliseconds + LIMITS.clockToleranceMaximumSeconds * 1000",
        "nowMilliseconds < 0",
      ],
      [
        "type-ignored",
        "another JWT by the provider's keys is an event",
        "if (jws.header.typ === SECURITY_EVENT_TYPE) return jws;",
        "return jws;",
      ],
    ],
  }),
  ...seed({
    area: "signals",
    file: "src/signals/subject.ts",
    tests: ["test/abuse/security-event.test.ts"],
    mistakes: [
      [
        "users-of-others",
        "a provider ends the sign-ins of another's users",
        'if (user.format === "iss_sub" && user.iss !== idp.issuer) throw new SignalRejected("access_denied");',
        "",
      ],
    ],
  }),
];
