import { type Mutant, seed } from "../mutant.ts";

const area = "call-limits";

/** How often, and how many at once. */
export const CALL_LIMITS: readonly Mutant[] = [
  ...seed({
    area,
    file: "durable-objects/call-counter.ts",
    tests: ["test/durable-objects/call-counter.test.ts"],
    mistakes: [
      [
        "one-too-many",
        "one call more than the rule says",
        "madeAt[madeAt.length - calls]",
        "madeAt[madeAt.length - calls - 1]",
      ],
      ["not-counted", "calls are not counted", "madeAt: [...madeAt, now]", "madeAt: [...madeAt]"],
      ["window-too-short", "a call is forgotten too early", "at > now - window", "at > now - window / 2"],
      [
        "one-place-too-many",
        "one call more runs than the rule says",
        "others.length >= calls",
        "others.length > calls",
      ],
      ["lease-without-end", "a call whose isolate died runs for ever", "until > now", "until > 0"],
      [
        "renewed-too-late",
        "a place is taken twice",
        "if (counted.running[lease] === undefined) return;\n    this.#write({ ...counted, running: { ...counted.running, [lease]",
        "this.#write({ ...counted, running: { ...counted.running, [lease]",
      ],
      [
        "never-forgotten",
        "counters pile up",
        "if (dueAt(counted) === null) await this.ctx.storage.deleteAll();\n      else ",
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/gateway/call-limits.ts",
    tests: ["test/gateway/call-limits.test.ts", "test/abuse/rate-evasion.test.ts"],
    mistakes: [
      [
        "rate-ignored",
        "a call that is too much goes on",
        "if (admission.isAdmitted) return;",
        "if (admission !== null) return;",
      ],
      [
        "no-room-ignored",
        "a call goes on that has no place",
        "if (await this.#uses.limits.enter(place, this.#lease, concurrency.calls)) return;",
        "if ((await this.#uses.limits.enter(place, this.#lease, concurrency.calls)) !== null) return;",
      ],
      [
        "lease-not-renewed",
        "a long stream loses its place",
        "this.#timer = setInterval(() => this.#renew(), LIMITS.callLeaseRenewalMilliseconds);",
        "",
      ],
      ["renewed-for-ever", "what has ended is renewed", "if (this.#timer !== null) clearInterval(this.#timer);", ""],
      [
        "organizations-share",
        "one organization uses up another's calls",
        "    token.organization,\n    rule,",
        "    rule,",
      ],
      ["people-share", "one person uses up another's calls", 'by.includes("subject") ? token.principal : ""', '""'],
      ["agents-share", "one agent uses up another's calls", 'by.includes("client") ? token.clientId : ""', '""'],
      [
        "tools-share",
        "one tool uses up another's calls",
        'message?.method ?? "", message?.target ?? ""',
        'message?.method ?? ""',
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/gateway/forward-in-session.ts",
    tests: ["test/gateway/call-limits.test.ts"],
    mistakes: [
      ["not-entered", "no rule's limit holds", "await running.enter(call, token);", ""],
      [
        "place-kept-after-a-fault",
        "a call that failed keeps its place",
        "    running.leave();\n    throw error;",
        "    throw error;",
      ],
    ],
  }),
  ...seed({
    area: "call-limits",
    file: "src/gateway/forward-in-session.ts",
    tests: ["test/gateway/call-limits.test.ts"],
    mistakes: [
      [
        "place-kept-when-refused",
        "a refused call keeps its place",
        "running.leave();\n    throw error;",
        "throw error;",
      ],
      ["uncounted", "calls are not counted", "if (!isHeld) await count();", ""],
    ],
  }),
  ...seed({
    area: "call-limits",
    file: "src/gateway/watched-stream.ts",
    tests: ["test/gateway/call-limits.test.ts"],
    mistakes: [
      [
        "place-kept-when-cancelled",
        "a client that goes keeps its place",
        "{ flush: end, cancel: end }",
        "{ flush: end }",
      ],
      [
        "place-kept-at-the-end",
        "an answer that has ended keeps its place",
        "{ flush: end, cancel: end }",
        "{ cancel: end }",
      ],
      [
        "place-kept-without-body",
        "an answer of nothing keeps its place",
        "if (body === null) {\n    end();",
        "if (body === null) {",
      ],
    ],
  }),
];
