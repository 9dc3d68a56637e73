import { type Mutant, seed } from "../mutant.ts";

const area = "audit";

/** The record that an auditor must be able to believe. */
export const AUDIT: readonly Mutant[] = [
  ...seed({
    area,
    file: "src/audit/consumer.ts",
    tests: ["test/audit/consumer.test.ts"],
    mistakes: [
      [
        "batch-unchecked",
        "a batch that is not what its hash says is archived",
        "hash === data.hash ? data : null",
        "hash === null ? null : data",
      ],
      [
        "acknowledged-before-stored",
        "a message is gone whose records nobody has",
        "  try {\n    await archive(stores.archive, batch);",
        "  try {\n    message.ack();\n    await archive(stores.archive, batch);",
      ],
      [
        "confirmed-before-indexed",
        "a ledger forgets what cannot be found",
        "written.forEach(({ message }) => retry(message));\n    return [];",
        "written.forEach(({ message }) => retry(message));\n    return batches;",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/audit/archive.ts",
    tests: ["test/audit/consumer.test.ts"],
    mistakes: [["archive-overwritten", "what was archived is replaced", 'onlyIf: { etagDoesNotMatch: "*" },', ""]],
  }),
  ...seed({
    area,
    file: "src/audit/verify-chain.ts",
    tests: ["test/audit/verify-archive.test.ts"],
    mistakes: [
      [
        "gap-not-found",
        "records that were taken out are not missed",
        "if (first > next) {",
        "if (first > next + 1_000_000) {",
      ],
      [
        "edit-not-found",
        "an edited record passes",
        "previous === null || (await hashBatch(previous, content)) === range.hash",
        "previous === null || content.length > 0",
      ],
      [
        "fork-not-found",
        "two histories pass for one",
        'findings.push({ where, what: "forked", says: `claims records ${first} to ${last}, which another batch has` });',
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/audit/verify-archive.ts",
    tests: ["test/audit/verify-archive.test.ts"],
    mistakes: [
      [
        "promise-not-held",
        "an archive that is shorter than what was signed passes",
        "if (found?.hashes.get(sequence) === hash) return [];",
        "if (hash !== null) return [];",
      ],
      [
        "published-not-compared",
        "an archive that was set back to an earlier state passes",
        "published === null || texts.some(([, text]) => text === published)",
        "published === null || texts.length >= 0",
      ],
      [
        "checkpoints-not-chained",
        "a checkpoint that was exchanged passes",
        'return checkpoint.previous === previous ? null : "does not follow the checkpoint before it";',
        "return previous === name ? name : null;",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/audit/checkpoint.ts",
    tests: ["test/audit/checkpoint.test.ts", "test/audit/verify-archive.test.ts"],
    mistakes: [
      [
        "any-jws-is-a-checkpoint",
        "another JWS by the same key is a checkpoint",
        "protectedHeader.typ !== TYPE || ",
        "",
      ],
      [
        "checkpoint-of-two-spellings",
        "an edit of a signature's last bits passes",
        "parts.length !== 3 || parts.some((part) => decodeBase64url(part) === null)",
        "parts.length !== 3",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/audit/audit-batch.ts",
    tests: ["test/audit/audit-batch.test.ts", "test/audit/verify-archive.test.ts"],
    mistakes: [
      [
        "chain-without-its-name",
        "one chain is passed off as another",
        "`crossgate audit chain ${chain}\\n`",
        "`crossgate audit chain ${chain.slice(0, 0)}\\n`",
      ],
      [
        "batch-without-the-one-before",
        "batches can be exchanged",
        "encoder.encode(`${previousHash}\\n`)",
        "encoder.encode(`${previousHash.slice(0, 0)}\\n`)",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/audit/recorder.ts",
    tests: ["test/audit/recorder.test.ts"],
    mistakes: [
      [
        "record-not-awaited",
        "an answer leaves whose record was never written",
        'await this.#options.write(event.id, typeof serialized === "string" ? serialized : await serialized);',
        'this.#options.waitUntil(this.#options.write(event.id, typeof serialized === "string" ? serialized : await serialized));',
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/audit/subject-names.ts",
    tests: ["test/audit/subject-names.test.ts"],
    mistakes: [
      [
        "names-by-the-plain-secret",
        "who sees nonces can guess at names",
        'info: encoder.encode("audit subjects v1"),',
        "info: new Uint8Array(),",
      ],
      [
        "people-in-the-clear",
        "records name people where the deployment forbids it",
        'this.#form === "plain" ? facts : this.#hashMembers(facts)',
        "facts",
      ],
    ],
  }),
];
