import { type Mutant, seed } from "../mutant.ts";

const area = "guardrails";

/** What looks at calls and their answers, and how it could be made to look away. */
export const GUARDRAILS: readonly Mutant[] = [
  ...seed({
    area,
    file: "src/guardrails/guardrails.ts",
    tests: [
      "test/gateway/call-guards.test.ts",
      "test/guardrails/external.test.ts",
      "test/abuse/guardrail-evasion.test.ts",
    ],
    mistakes: [
      [
        "blocked-passes",
        "what is blocked passes",
        'if (outcome === "blocked") throw new GuardRefused',
        'if (outcome === "blocked" && count < 0) throw new GuardRefused',
      ],
      [
        "open-by-default",
        "a processor that does not answer lets everything pass",
        'if (outcome === "failed" && !isOpen)',
        'if (outcome === "failed" && isOpen)',
      ],
      [
        "stuck-redacted",
        "what cannot be taken out passes",
        'guardrail.action === "redact" && !isStuck',
        'guardrail.action === "redact"',
      ],
      [
        "repeated-in-a-header",
        "what was taken out of a message goes on in a header",
        ".inspect({ ...named, ...repeated });",
        ".inspect({ ...named });",
      ],
      [
        "names-unread-before",
        "a secret goes out in a URI",
        ".inspect({ ...named, ...repeated });",
        ".inspect({ ...repeated });",
      ],
      [
        "headers-without-size",
        "what is too large goes in a header",
        "(isRepeated ? byteLength(JSON.stringify(repeated)) : 0)",
        "0",
      ],
      [
        "schema-unknown",
        "arguments fit a schema that nobody knows",
        "return schema !== null && fitsInputSchema",
        "return schema === null || fitsInputSchema",
      ],
      [
        "headers-hidden",
        "a parameter hides from a processor what another one says",
        "{ params: { ...named, ...carried } }",
        "{ ...named, ...carried }",
      ],
      ["seam-forgotten", "a secret that is cut over two events passes", "this.#inspections.set(name, inspection);", ""],
      [
        "size-of-each",
        "a stream of many small events has no size",
        "this.#answeredBytes += byteLength(text);",
        "this.#answeredBytes = byteLength(text);",
      ],
      [
        "sees-before-redaction",
        "a processor is shown what the one before it took out",
        "      carried = verdict.value;\n",
        "",
      ],
      [
        "answers-unread",
        "answers are not looked at",
        'return list.some((guardrail) => looksAt(guardrail, "after"));',
        "return list.length < 0;",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/guardrails/inspect-texts.ts",
    tests: ["test/gateway/call-guards.test.ts", "test/abuse/guardrail-evasion.test.ts"],
    mistakes: [
      ["names-unread", "a secret in a member's name passes", "if (this.#find(name).length > 0) this.#stick();", ""],
      [
        "numbers-unread",
        "a card's number that is a number passes",
        "if (number !== null) return this.#number(number, value);",
        "",
      ],
      [
        "base64-unread",
        "base64 is a way out",
        "return mergeFindings([...this.#detector.find(text), ...encoded]);",
        "return mergeFindings(this.#detector.find(text));",
      ],
      [
        "seams-unread",
        "two texts that are read as one hide what neither has",
        "if ((seams[next] ?? Infinity) < end) this.#stick();",
        "",
      ],
      ["seam-short", "a long secret is cut in two", "SEAM_CHARACTERS = 16_384", "SEAM_CHARACTERS = 512"],
      ["url-safe-unread", "base64 for URLs is a way out", 'run.replaceAll("-", "+").replaceAll("_", "/")', "run"],
    ],
  }),
  ...seed({
    area,
    file: "src/guardrails/arguments-schema.ts",
    tests: ["test/guardrails/arguments-schema.test.ts"],
    mistakes: [
      ["patterns-run", "a server's own pattern is run", '"pattern", "patternProperties"', '"patternProperties"'],
      ["error-fits", "what cannot be judged fits", "    return false;\n", "    return true;\n"],
    ],
  }),
  ...seed({
    area,
    file: "src/guardrails/external.ts",
    tests: ["test/guardrails/external.test.ts"],
    mistakes: [
      [
        "content-untold",
        "a processor elsewhere is told what is in a call though it did not ask",
        'sends === "content" ? { content } : {}',
        "{ content }",
      ],
      [
        "any-status",
        "an error of a processor elsewhere lets pass",
        "if (answer.status !== 200) throw new ExternalFailed();",
        "",
      ],
      ["unsigned-time", "an old request of ours can be sent again", "`${id}.${timestamp}.${body}`", "`${id}.${body}`"],
      ["no-secret", "a request is signed with nothing", "if (secret === null) throw new ExternalFailed();", ""],
    ],
  }),
  ...seed({
    area,
    file: "src/gateway/guarded-response.ts",
    tests: [
      "test/gateway/call-guards.test.ts",
      "test/abuse/guardrail-evasion.test.ts",
      "test/abuse/guardrail-blind-spots.test.ts",
    ],
    mistakes: [
      [
        "unreadable-passes",
        "an event that cannot be read is passed on",
        "  if (read === null) return null;\n  if",
        "  if (read === null) return data;\n  if",
      ],
      [
        "two-readings",
        "a member that comes twice is looked at once and shown once more",
        "const message = parseDefinitions(text);",
        "const message: unknown = JSON.parse(text);",
      ],
      [
        "another-result-described",
        "any result beside a list is taken for one",
        ' && spellCanonically(message["id"]) === spellCanonically(id);',
        ";",
      ],
      [
        "beside-a-list",
        "what comes beside a list is not looked at",
        'isDescribing && Object.hasOwn(message, "result")',
        "isDescribing",
      ],
      ["folded-answer", "an answer in another case is not looked at", " && isAnswerSpelledExactly(message)", ""],
      ["withheld-silently", "a stream that withholds its answer leaves no trace of it", "onRefused(error.reason);", ""],
    ],
  }),
  ...seed({
    area,
    file: "src/gateway/guarded-message.ts",
    tests: ["test/gateway/call-guards.test.ts", "test/abuse/guardrail-blind-spots.test.ts"],
    mistakes: [
      [
        "meta-unread",
        "a secret goes out in _meta",
        "lasting === null ? carried : { ...carried, _meta: lasting }",
        "carried",
      ],
      [
        "targets-unread",
        "what a message is about is not looked at",
        "(name) => NAMES.has(name)),\n  };",
        "() => false),\n  };",
      ],
      [
        "answers-to-questions",
        "what a user answers a server is not looked at",
        "!isHandle(name, value, method) && !NAMES.has(name)",
        'name !== "inputResponses" && !isHandle(name, value, method) && !NAMES.has(name)',
      ],
      ["handles-of-any-shape", "a secret goes out as what is called a handle", "isToken(value) && HANDLES", "HANDLES"],
      [
        "handles-anywhere",
        "a handle's name hides a secret where there is no such handle",
        "?.test(method) === true",
        " !== undefined",
      ],
      ["meta-of-any-shape", "a secret goes out in a _meta that is no object", "(meta ?? null)", "null"],
      [
        "headers-unread",
        "headers that repeat arguments are not looked at",
        "if (isForwardedParameter(name)) repeated[name]",
        'if (name === "") repeated[name]',
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/gateway/gateway.ts",
    tests: ["test/gateway/call-guards.test.ts"],
    mistakes: [
      [
        "redacted-not-authorized",
        "what is forwarded was never authorized",
        "    await authorize(call, token, uses);\n    await requireUsableTool(toolCall);\n",
        "",
      ],
      [
        "forwarded-as-it-came",
        "what was taken out is forwarded",
        "const forwarding = { ...prepared, body: call.message === null ? null : withoutOurAnswer(call.message).text };",
        "const forwarding = prepared;",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/trust/text-pattern.ts",
    tests: ["test/trust/text-pattern.test.ts"],
    mistakes: [
      ["cost-unbounded", "a pattern may cost what it likes", "if (cost > LIMITS.patternCost)", "if (cost < 0)"],
    ],
  }),
];
