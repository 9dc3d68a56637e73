import { type Mutant, seed } from "../mutant.ts";

const area = "approval";

/** What waits for a person, who may decide about it, and what is shown of it. */
export const APPROVAL_DESK: readonly Mutant[] = [
  ...seed({
    area,
    file: "src/approval/may-decide.ts",
    tests: ["test/approval/may-decide.test.ts"],
    mistakes: [
      [
        "own-request",
        "somebody approves a call of his own",
        'if (isRequester || mayBe(approver, requester)) return "own_request";',
        'if (isRequester) return "own_request";',
      ],
      [
        "unidentified",
        "somebody who may be the requester approves",
        'if (approver.subjects.length === 0) return "unidentified";',
        "",
      ],
      ["own-request-linked", "somebody approves a call of his own by another provider", "isRequester || ", ""],
      ["tenant-left-out", "a tenant that is left out hides the requester", "stated.tenant === null || ", ""],
      ["one-rule-is-enough", "an approver of one rule decides for another", "demands.every(", "demands.some("],
      [
        "anybody",
        "whom no rule names decides",
        'names(demand, approver)) ? null : "not_an_approver"',
        "names(demand, approver)) ? null : null",
      ],
    ],
  }),
  ...seed({
    area,
    file: "durable-objects/approval-desk.ts",
    tests: ["test/durable-objects/approval-desk.test.ts", "test/abuse/approval-interleavings.test.ts"],
    mistakes: [
      ["used-twice", "an approval is good for two calls", 'this.#tables.end(live, "consumed", attemptId);', ""],
      [
        "unapproved",
        "a request that waits goes through",
        'if (live.state !== "approved") {',
        'if (live.state === "denied") {',
      ],
      [
        "attempt-forgotten",
        "a lost answer is a lost approval",
        'if (again !== null) return { outcome: "consumed", ...placeOf(again) };',
        "",
      ],
      ["obstacle-ignored", "who may not decide decides", "if (obstacle !== null) return obstacle;", ""],
      [
        "decided-too-late",
        "what has expired is approved",
        'if (found.expiresAtMilliseconds <= now) return "over";',
        "",
      ],
      ["decided-again", "a denial is turned round", 'if (found.state !== "pending") return "over";', ""],
      ["rehearsal-decides", "a rehearsal decides", 'if (dryRun) return "decided";', ""],
      [
        "unbounded-person",
        "one person fills the desk",
        "this.#tables.countLive(now, call.principal) >= LIMITS.approvalsPerPrincipal",
        "now < 0",
      ],
      [
        "unbounded-organization",
        "a flood of people fills the desk",
        "this.#tables.countLive(now) >= LIMITS.approvalsPerOrganization ||",
        "",
      ],
      [
        "decision-without-record",
        "decisions pile up without a record",
        'if (this.#tables.countEvents() >= LIMITS.approvalEvents) return "backlogged";\n    if (dryRun)',
        "if (dryRun)",
      ],
      [
        "asked-without-record",
        "requests pile up without a record",
        'if (this.#tables.countEvents() >= LIMITS.approvalEvents) return { outcome: "backlogged" };',
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: "durable-objects/approval-tables.ts",
    tests: ["test/durable-objects/approval-desk.test.ts"],
    mistakes: [
      [
        "approval-without-end",
        "an approval is good for ever",
        "state IN ('pending', 'approved', 'denied') AND expires_at > ?\";\n    return this.#rows(query, key, now)",
        "state IN ('pending', 'approved', 'denied') AND expires_at > ? - 1e15\";\n    return this.#rows(query, key, now)",
      ],
      [
        "arguments-outlive",
        "sealed arguments outlive their call",
        "{ ...approval.call, sealedCall: null }",
        "{ ...approval.call }",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/admin/routes/approvals.ts",
    tests: ["test/admin/routes/approvals.test.ts"],
    mistakes: [
      ["shown-to-any-role", "a viewer reads arguments", 'admin.role === "approver" && ', ""],
      ["shown-to-anybody", "an approver of other rules reads arguments", " && seen.obstacle === null;", ";"],
      ["role-ignored", "a viewer approves", 'role: "approver",', 'role: "viewer",'],
    ],
  }),
  ...seed({
    area,
    file: "src/policy/obligations.ts",
    tests: ["test/policy/obligations.test.ts"],
    mistakes: [
      [
        "lists-held",
        "a list waits for a person",
        "if (operation === null || listedBy(operation.method) !== null) return [];",
        "if (operation === null) return [];",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/admin/requesters.ts",
    tests: ["test/abuse/approval-of-own-call.test.ts"],
    mistakes: [
      [
        "linked-unseen",
        "a second provider makes a second person",
        "if (linked.some((subject) => mayBe(approver, subject))) return true;",
        "",
      ],
      [
        "principal-unseen",
        "whom nothing binds any more approves his call",
        "return own.includes(principal);",
        "return own.length < 0;",
      ],
    ],
  }),
];
