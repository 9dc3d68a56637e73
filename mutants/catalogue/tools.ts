import { type Mutant, seed } from "../mutant.ts";

/** What agents are told about tools, and what becomes of it. */
export const TOOLS: readonly Mutant[] = [
  ...seed({
    area: "tools",
    file: "src/gateway/tool-gate.ts",
    tests: ["test/gateway/tool-gate.test.ts", "test/abuse/tool-rug-pull.test.ts"],
    mistakes: [
      [
        "unapproved-called",
        "a tool that nobody approved is asked about, and perhaps called",
        'if (this.#holdsBack && !this.#approved.has(name)) throw new CallRefused("tool_not_approved");',
        "",
      ],
      [
        "changed-called",
        "a tool that has changed since it was approved is called",
        'if (this.#holdsBack && !facts.isApproved) throw new CallRefused("tool_changed");',
        "",
      ],
      [
        "changed-shown",
        "a list shows tools that nobody approved",
        "isHeldBack: this.#holdsBack && !facts.isApproved",
        "isHeldBack: false",
      ],
      [
        "twice-approved",
        "a name with two definitions passes for the approved one",
        "seen.fingerprint !== null && ",
        "seen.fingerprint === null || ",
      ],
      [
        "unpinned-members",
        "what no approval was about is shown",
        "return this.#holdsBack && isObject(item) ? knownMembersOf(item) : item;",
        "return item;",
      ],
      [
        "policy-not-asked-again",
        "what a tool says of itself changes nothing",
        "requirePermitted(caller, { ...operation, tool: facts })",
        'requirePermitted(caller, { ...operation, tool: "to_be_learned" })',
      ],
      ["views-shared-by-people", "one person's list decides another's call", "caller?.principal,", ""],
      ["views-shared-by-sessions", "one session's list decides another's call", "      upstreamSessionId,\n", ""],
      [
        "notice-ignored",
        "a server's word that its tools changed is not heard",
        "this.#uses.knownTools.forget(this.#view(upstreamSessionId));",
        "",
      ],
      ["not-recorded", "nobody hears of a tool that changed", "if (this.#holdsBack) this.#report(seen);", ""],
    ],
  }),
  ...seed({
    area: "tools",
    file: "src/gateway/known-tools.ts",
    tests: ["test/gateway/tool-gate.test.ts", "test/gateway/known-tools.test.ts"],
    mistakes: [
      [
        "first-of-two",
        "of two definitions under one name the first is believed",
        "isOne ? fingerprint : null",
        "isOne ? fingerprint : (before?.fingerprint ?? null)",
      ],
      [
        "known-for-good",
        "what was seen once is believed for good",
        "return Date.now() - atMilliseconds < LIMITS.toolListFreshMilliseconds;",
        "return atMilliseconds > 0;",
      ],
      [
        "unbounded",
        "what is known of tools fills the isolate",
        "if (this.#count <= LIMITS.toolsKnown",
        "if (this.#count <= LIMITS.toolsKnown * 1000",
      ],
    ],
  }),
  ...seed({
    area: "tools",
    file: "src/gateway/own-request.ts",
    tests: ["test/gateway/tool-gate.test.ts"],
    mistakes: [
      [
        "another's-answer",
        "any answer passes for the one that was asked for",
        '.find((message) => message["id"] === id)',
        ".find(() => true)",
      ],
    ],
  }),
  ...seed({
    area: "tools",
    file: "src/gateway/list-tools.ts",
    tests: ["test/gateway/tool-gate.test.ts"],
    mistakes: [
      ["endless-list", "a list without end is read without end", "if (count > LIMITS.listItems) throw unknown();", ""],
      [
        "session-over",
        "a client whose session is over is never told",
        'if (status === 404 && forwarding.upstreamSessionId !== null) throw new CallRefused("session_unknown");',
        "",
      ],
    ],
  }),
  ...seed({
    area: "tools",
    file: "src/trust/approved-tools.ts",
    tests: ["test/abuse/tool-rug-pull.test.ts"],
    mistakes: [
      [
        "mismatch-approved",
        "a reviewer reads one definition and approves another",
        "if (flawed.has(index)) return;",
        "",
      ],
      [
        "another's-definition",
        "a definition stands under another tool's name",
        "definition === undefined || definition.name === name",
        'definition === undefined || definition.name !== ""',
      ],
    ],
  }),
  ...seed({
    area: "tools",
    file: "src/trust/tool-definition.ts",
    tests: ["test/abuse/tool-rug-pull.test.ts", "test/gateway/tool-gate.test.ts"],
    mistakes: [
      [
        "description-not-pinned",
        "a description may change after approval",
        '"description", "inputSchema"',
        '"inputSchema"',
      ],
      [
        "annotations-not-pinned",
        "annotations may change after approval",
        '"outputSchema", "annotations"]',
        '"outputSchema"]',
      ],
      [
        "two-readings",
        "a member that comes twice is read as its last one",
        "requireUnambiguous(text, LIST_BOUNDS);",
        "",
      ],
    ],
  }),
  ...seed({
    area: "tools",
    file: "src/policy/tool-annotations.ts",
    tests: ["test/policy/tool-annotations.test.ts"],
    mistakes: [
      [
        "claim-believed",
        "a tool is what it says it is",
        "isApproved ? [annotations] : [annotations, UNANNOTATED]",
        "[annotations]",
      ],
      [
        "lie-permits",
        "an unapproved tool is permitted for what it says",
        "readingsOf(tool).every((reading)",
        "readingsOf(tool).some((reading)",
      ],
      [
        "lie-escapes",
        "an unapproved tool escapes a deny by what it says",
        "return readingsOf(tool).some((reading) => fits(selector, reading));",
        "return readingsOf(tool).every((reading) => fits(selector, reading));",
      ],
      [
        "harmless-by-default",
        "a tool that says nothing destroys nothing",
        "destructiveHint: true,\n  idempotentHint",
        "destructiveHint: false,\n  idempotentHint",
      ],
    ],
  }),
  ...seed({
    area: "tools",
    file: "src/policy/calls.ts",
    tests: ["test/policy/tool-annotations.test.ts"],
    mistakes: [
      [
        "unknown-passes",
        "a rule about a tool that nobody looked at holds",
        'if (tool === undefined) throw new TypeError("the tool\'s annotations are not known");',
        'if (tool === undefined) return "to_be_learned";',
      ],
    ],
  }),
];
