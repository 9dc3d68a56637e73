import { type Mutant, seed } from "../mutant.ts";

const area = "guardrails";

/** What is told from what: kinds of content, numbers among others, and members and headers that say something twice. */
export const CALL_CONTENT: readonly Mutant[] = [
  ...seed({
    area,
    file: "src/guardrails/content-limits.ts",
    tests: ["test/abuse/guardrail-blind-spots.test.ts"],
    mistakes: [
      [
        "untyped-passes",
        "a part that does not say its kind passes",
        'typeof type === "string" && types',
        'typeof type !== "string" || types',
      ],
      [
        "bytes-pass",
        "bytes that do not say their kind pass",
        "mimeType === undefined && data === undefined && blob === undefined",
        "mimeType === undefined",
      ],
      [
        "structured-passes",
        "structured content passes unlisted",
        "...(structuredContent === undefined ? [] : [{ part: STRUCTURED, isTyped: true }]),\n      ...(isObject",
        "...(isObject",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/guardrails/card-number.ts",
    tests: ["test/guardrails/detectors.test.ts"],
    mistakes: [
      [
        "longest-alone",
        "digits beside a card's number hide it",
        "if (number.length >= SHORTEST && isCardNumber(number))",
        "if (end === text.length && isCardNumber(number))",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/guardrails/iban.ts",
    tests: ["test/guardrails/detectors.test.ts"],
    mistakes: [["any-digits", "any word of the length is one", " && hasCheckDigits(read.account)", ""]],
  }),
  ...seed({
    area: "gateway",
    file: "src/gateway/mirrored-arguments.ts",
    tests: ["test/gateway/mirrored-arguments.test.ts"],
    mistakes: [
      [
        "header-alone",
        "a header says what the body does not",
        "if (stated === null || text === null ||",
        "if (stated !== null && text === null) continue;\n    if (stated === null || text === null ||",
      ],
      ["header-left-out", "a header that must be there is left out", "(text === null || !isMandatory)", "true"],
      ["rounded", "a number that rounds to another is that one", " && survivesAsDouble(stated)", ""],
    ],
  }),
  ...seed({
    area: "gateway",
    file: "src/gateway/tool-gate.ts",
    tests: ["test/abuse/parameter-header-mismatch.test.ts"],
    mistakes: [
      ["headers-uncompared", "a header says another argument than the body", "    this.#requireMirrored(seen);\n", ""],
    ],
  }),
  ...seed({
    area: "gateway",
    file: "src/gateway/list-result.ts",
    tests: ["test/abuse/smuggled-list.test.ts"],
    mistakes: [
      ["folded-list", "a list in another case passes by", " || !isAnswerSpelledExactly(message)", ""],
      ["folded-name", "a hidden name in another case passes by", " && isSpelledExactly(item, ITEM)", ""],
    ],
  }),
];
