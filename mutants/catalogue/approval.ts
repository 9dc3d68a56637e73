import { type Mutant, seed } from "../mutant.ts";

const area = "approval";

/** Calls that wait for a person, at the gateway. */
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
        'if (state === "consumed" || state === "approved") return;',
        'if (state !== "denied") return;',
      ],
      [
        "denied-goes-on",
        "a denied call goes on",
        'if (state === "consumed" || state === "approved") return;',
        'if (state !== "pending") return;',
      ],
      [
        "notification-goes-by",
        "a notification makes a held call",
        'if (message.kind !== "request") throw new CallRefused("message_malformed");',
        "",
      ],
      ["any-arguments", "an approval is good for other arguments", "    text,\n    JSON", '    "",\n    JSON'],
      [
        "counted-while-held",
        "a call that waits is counted",
        "if (count !== null) {",
        "if (count !== null) {\n    await count();",
      ],
      [
        "used-up-uncounted",
        "a call that is too many uses up its approval",
        "{ ...presented, usesUp: false }",
        "{ ...presented, usesUp: true }",
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
        "approvalsOf(call).every(({ approval }) => approval.show",
        "approvalsOf(call).some(({ approval }) => approval.show",
      ],
      [
        "arguments-always-kept",
        "arguments are kept that policy does not show",
        "if (!approvalsOf(call).every(({ approval }) => approval.show_arguments)) return null;",
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
    area: "approval",
    file: "src/gateway/request-meta.ts",
    tests: ["test/abuse/approval-swapped.test.ts", "test/gateway/approval.test.ts"],
    mistakes: [
      ["meta-unbound", "an approval is good for another _meta", "OF_ONE_TRY.get(name)?.(value) !== true", "false"],
      ["try-bound", "another progress token is another call", "OF_ONE_TRY.get(name)?.(value) !== true", "true"],
      ["try-of-any-shape", "what is called a progress token is in no approval", "?.(value) !== true", " === undefined"],
    ],
  }),
  ...seed({
    area: "approval",
    file: "src/gateway/approved-text.ts",
    tests: ["test/abuse/approval-swapped.test.ts", "test/gateway/approval.test.ts"],
    mistakes: [
      [
        "headers-unbound",
        "an approval is good for other repeated parameters",
        "Object.keys(repeated).length > 0",
        "Object.keys(repeated).length < 0",
      ],
    ],
  }),
];
