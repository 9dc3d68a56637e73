import { type Mutant, seed } from "../mutant.ts";

const area = "ledger";

/** Single use, and no token without a record. */
export const LEDGER: readonly Mutant[] = [
  ...seed({
    area,
    file: "durable-objects/assertion-ledger.ts",
    tests: ["test/durable-objects/assertion-ledger.test.ts"],
    mistakes: [
      [
        "set-in-memory",
        "an evicted object forgets what it has consumed",
        `  #consume(request: ConsumeRequest, now: number): ConsumeResult {
    const { key, attemptId, event } = request;
    const consumedBy = this.#tables.findAttempt(key, now);
    if (consumedBy === attemptId) return "consumed";
    if (consumedBy === null) {
      this.#insert({ key, attempt: attemptId, event }, now);`,
        `  readonly #consumed = new Map<string, string>();

  #consume(request: ConsumeRequest, now: number): ConsumeResult {
    const { key, attemptId, event } = request;
    const consumedBy = this.#consumed.get(String(new Uint8Array(key))) ?? null;
    if (consumedBy === attemptId) return "consumed";
    if (consumedBy === null) {
      this.#consumed.set(String(new Uint8Array(key)), attemptId);
      this.#insert({ key: randomKey(), attempt: attemptId, event }, now);`,
      ],
      [
        "await-between-look-and-insert",
        "a second request steps in between looking and inserting",
        `    const { sharedUse = null } = request;
    return this.#transact(`,
        `    const { sharedUse = null } = request;
    if (sharedUse === null) {
      const known = this.#tables.findAttempt(request.key, now);
      if (known !== null && known !== request.attemptId) return this.#refuseReplay(request, now);
      return scheduler.wait(1).then(() => {
        if (this.#tables.findAttempt(request.key, now) === null) this.#consume(request, now);
        return "consumed" as const;
      }) as unknown as ConsumeResult;
    }
    return this.#transact(`,
      ],
      [
        "record-after-the-answer",
        "a crash between the answer and its record leaves a token without one",
        "      this.#insert({ key, attempt: attemptId, event }, now);\n      return",
        `      this.#insert({ key, attempt: attemptId, event: null }, now);
      this.ctx.waitUntil(scheduler.wait(1).then(() => event !== null && this.record(randomKey(), attemptId, event)));
      return`,
      ],
      [
        "replay-unrecorded",
        "nobody sees that a token was replayed",
        "    if (event !== null) this.#insert({ key: randomKey()",
        "    if (event === attemptId) this.#insert({ key: randomKey()",
      ],
      [
        "backlog-ignored",
        "tokens are issued while records pile up without bound",
        'if (this.#outbox.pending >= LIMITS.outboxEvents) return "backlogged";\n    if (request',
        "if (request",
      ],
      [
        "beyond-memory",
        "what is remembered for less than it is accepted can be replayed",
        'if (request.retainUntilSeconds * 1000 > now + LIMITS.ledgerRetentionSeconds * 1000) return "retention_exceeded";',
        "",
      ],
      [
        "consumed-too-late",
        "what this shard may have forgotten is consumed as new",
        'if (request.retainUntilSeconds * 1000 <= now) return "retention_exceeded";',
        "",
      ],
      [
        "any-holder-again",
        "an assertion that its client may use again is anybody's",
        "if (heldBy !== null && heldBy !== holder) return this.#refuseReplay(request, now);",
        "",
      ],
      [
        "every-attempt-is-a-retry",
        "whoever presents an assertion again is told that it was consumed for him",
        "consumedBy === attemptId",
        "consumedBy !== null",
      ],
    ],
  }),
  ...seed({
    area,
    file: "durable-objects/assertion-ledger.ts",
    tests: ["test/durable-objects/revocation-registry.test.ts"],
    mistakes: [
      [
        "fences-skipped",
        "what was revoked is still redeemed",
        'request.fenced === null ? "passes" : this.#fences.judge(request.fenced, now)',
        '"passes" as ReturnType<LedgerFences["judge"]>',
      ],
    ],
  }),
  ...seed({
    area,
    file: "durable-objects/ledger-tables.ts",
    tests: ["test/durable-objects/ledger-tables.test.ts", "test/durable-objects/assertion-ledger.test.ts"],
    mistakes: [
      [
        "only-the-newest-window",
        "an identifier is forgotten when the next window begins",
        "of this.#windows.toReversed()) {\n      if (expiryOf",
        "of this.#windows.slice(-1)) {\n      if (expiryOf",
      ],
      ["no-retention", "a window is forgotten when it ends", "+ LIMITS.ledgerRetentionSeconds * 1000;", ";"],
      [
        "unarchived-dropped",
        "records are deleted that the archive does not have",
        "nowMilliseconds >= expiryOf(number) && (this.#windows[at + 1]?.firstSequence ?? last + 1) - 1 <= archived",
        "nowMilliseconds >= expiryOf(number) && at >= 0 && archived >= 0",
      ],
      [
        "release-of-a-recorded-one",
        "an assertion that was consumed with its record can be used again",
        " AND sequence = 0`",
        "`",
      ],
      [
        "numbers-begin-again",
        "the archive takes a new record for an old one",
        'if (dropped.length > 0) this.writeState("sequence_floor", last);',
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: "durable-objects/ledger-shards.ts",
    tests: [
      "test/durable-objects/ledger-shards.test.ts",
      "test/abuse/namespace-collision.test.ts",
      "test/abuse/replay-across-issuers.test.ts",
    ],
    mistakes: [
      [
        "one-name-space",
        "a client assertion spends an ID-JAG's identifier",
        "[consumable.namespace, consumable.owner, consumable.jti]",
        '["", consumable.owner, consumable.jti]',
      ],
      [
        "owner-ignored",
        "one provider's identifiers spend another's",
        "[consumable.namespace, consumable.owner, consumable.jti]",
        '[consumable.namespace, "", consumable.jti]',
      ],
      [
        "old-owner-not-asked",
        "changing the number of shards opens a replay",
        "shardsBefore === null ? owner : shardOf(digest, shardsBefore)",
        "owner",
      ],
      [
        "retry-as-another-attempt",
        "a lost answer is told as a replay",
        "ledger.consume(request)",
        "ledger.consume({ ...request, attemptId: crypto.randomUUID() })",
      ],
      [
        "late-answer-believed",
        "an answer by a lease that has run out is released",
        "request.fenced === null || isPrompt",
        "isPrompt || request.key.byteLength > 0",
      ],
    ],
  }),
  ...seed({
    area,
    file: "durable-objects/audit-chain.ts",
    tests: ["test/durable-objects/assertion-ledger.test.ts", "test/durable-objects/outbox.test.ts"],
    mistakes: [
      [
        "confirmed-without-hash",
        "records go that the archive does not have",
        "lastSequence === batch.lastSequence && hash === batch.hash",
        "lastSequence === batch.lastSequence && hash !== null",
      ],
      [
        "gap-passed-over",
        "records go that the archive never got",
        "const done = gap === -1 ? this.#open : this.#open.slice(0, gap);",
        "const done = gap === 0 ? [] : this.#open;",
      ],
    ],
  }),
];
