import { type Mutant, seed } from "../mutant.ts";

const area = "approval";

/** Calls that wait for a person. */
export const APPROVAL: readonly Mutant[] = [
  ...seed({
    area,
    file: "src/gateway/approval.ts",
    tests: ["test/abuse/approval-swapped.test.ts", "test/gateway/approval.test.ts"],
    mistakes: [
      [
        "not-asked",
        "a held call goes on at once",
        "if (obligations.length === 0) return;",
        "if (obligations !== null) return;",
      ],
      [
        "pending-is-enough",
        "a call goes on while it waits",
        'if (result.outcome === "consumed") return;',
        'if (result.outcome !== "denied") return;',
      ],
      [
        "denied-goes-on",
        "a denied call goes on",
        'if (result.outcome === "consumed") return;',
        'if (result.outcome !== "pending") return;',
      ],
      [
        "notification-goes-by",
        "a notification makes a held call",
        'if (message.kind !== "request") throw new CallRefused("message_malformed");',
        "",
      ],
      ["any-arguments", "an approval is good for other arguments", "spellCanonically(params),", '"",'],
      [
        "any-tool",
        "an approval is good for another tool",
        'message.target ?? "",\n    spellCanonically',
        "spellCanonically",
      ],
      [
        "any-person",
        "an approval is good for another person",
        "token.principal,\n    token.clientId,",
        "token.clientId,",
      ],
      [
        "any-agent",
        "an approval is good for another agent",
        "token.principal,\n    token.clientId,",
        "token.principal,",
      ],
      [
        "any-server",
        "an approval is good at another server",
        "call.resource.resource,\n    token.organization,",
        "token.organization,",
      ],
      [
        "any-rule",
        "an approval outlives its rule",
        "JSON.stringify(obligations.map((obligation) => demandOf(obligation))),",
        "",
      ],
      [
        "longest-wait",
        "a request waits for the longest time of several rules",
        "Math.min(...obligations",
        "Math.max(...obligations",
      ],
      [
        "shown-by-one-rule",
        "one rule shows what another keeps",
        "obligations.every(({ approval }) => approval.show",
        "obligations.some(({ approval }) => approval.show",
      ],
      [
        "arguments-always-kept",
        "arguments are kept that policy does not show",
        "if (!call.obligations.every(({ approval }) => approval.show_arguments)) return null;",
        "",
      ],
      [
        "endless-arguments",
        "an approver is shown more than he can read",
        'if (text.length > LIMITS.approvalArgumentsCharacters) throw new CallRefused("message_too_large");',
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/gateway/upstream.ts",
    tests: ["test/gateway/approval.test.ts"],
    mistakes: [
      [
        "used-up-by-nobody",
        "an approval is used up for who may not call any more",
        "    await this.#requireStillAuthorized();\n    const { headers }",
        "    const { headers }",
      ],
      [
        "revoked-while-the-desk-answered",
        "who was revoked at the last moment calls",
        "await meetDemands();\n    await this.#requireStillAuthorized();",
        "await meetDemands();",
      ],
      ["demands-not-met", "a held call goes on at once", "await meetDemands();", ""],
    ],
  }),
  ...seed({
    area,
    file: "src/gateway/held-state.ts",
    tests: ["test/abuse/approval-swapped.test.ts", "test/gateway/approval.test.ts"],
    mistakes: [
      [
        "state-of-another",
        "another person's state is taken",
        "JSON.stringify([resource, principal, clientId, tool])",
        "JSON.stringify([resource, clientId, tool, principal.length < 0])",
      ],
      [
        "state-of-another-agent",
        "another agent's state is taken",
        "JSON.stringify([resource, principal, clientId, tool])",
        "JSON.stringify([resource, principal, tool, clientId.length < 0])",
      ],
      [
        "state-of-another-tool",
        "another tool's state is taken",
        "JSON.stringify([resource, principal, clientId, tool])",
        "JSON.stringify([resource, principal, clientId])",
      ],
      [
        "made-up-state",
        "a state that nobody sealed goes by",
        'if (opened === null) throw new CallRefused("message_malformed");',
        "if (opened === null) return { message, hasBeenHeld: false };",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/approval/may-decide.ts",
    tests: ["test/approval/may-decide.test.ts"],
    mistakes: [
      [
        "own-request",
        "somebody approves a call of his own",
        'if (approver.subjects.some((subject) => isSame(subject, requester))) return "own_request";',
        "",
      ],
      [
        "unidentified",
        "somebody who may be the requester approves",
        'if (approver.subjects.length === 0) return "unidentified";',
        "",
      ],
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
        "{ ...approval.call, sealedArguments: null }",
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
      [
        "shown-to-anybody",
        "an approver of other rules reads arguments",
        " && findObstacle(found.call, admin) === null;",
        ";",
      ],
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
];
