import { type Mutant, seed } from "../mutant.ts";

const area = "virtual";
const ABUSE = "test/abuse/virtual-server.test.ts";

/** What a server of selected tools opens, and what it must not. */
export const VIRTUAL: readonly Mutant[] = [
  ...seed({
    area,
    file: "src/gateway/operation.ts",
    tests: ["test/gateway/operation.test.ts"],
    mistakes: [
      [
        "whatever-scopes-mean",
        "scopes open what is not published",
        "if (virtual !== undefined && !isPublished(virtual, operation)) return [];",
        "",
      ],
      [
        "every-method",
        "prompts and resources are asked for as if there were any",
        'if (method !== "tools/call") return method === "tools/list";',
        'if (method !== "tools/call") return true;',
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/trust/virtual-server.ts",
    tests: [ABUSE, "test/trust/virtual-server.test.ts"],
    mistakes: [
      [
        "name-of-every-object",
        "what every object has is published",
        "return (Object.hasOwn(tools, name) ? tools[name] : undefined) ?? null;",
        "return tools[name] ?? null;",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/gateway/virtual/member.ts",
    tests: [ABUSE],
    mistakes: [
      ["scope-at-member", "a member takes the scopes of another for its own", ", scope: new Set() }", " }"],
      ["disabled-member", "a disabled member is called", "!document.enabled || ", ""],
      ["anybodys-member", "a member of another owner is called", "|| document.owner !== publisher.owner", ""],
      [
        "bearer-at-member",
        "a bearer token reaches a member that wants keys",
        "if (document.dpop_required && token.confirmedKey === null) {",
        "if (document.dpop_required && token.confirmedKey === undefined) {",
      ],
      [
        "member-not-revoked",
        "who is stopped at a member goes round by the virtual server",
        'fenceName("resource", resource),',
        "",
      ],
      [
        "connection-not-revoked",
        "an agent that is stopped at a member goes round by the virtual server",
        'fenceName("connection", token.organization, token.clientId, resource),',
        "",
      ],
      [
        "revoked-too-widely",
        "what is revoked for the virtual server does not count at its members",
        "names: [...token.fenced.names, ...names]",
        "names",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/gateway/virtual/member-message.ts",
    tests: ["test/gateway/virtual/published-call.test.ts"],
    mistakes: [
      ["published-name-sent", "the member hears the published name", "name: tool, ...(meta", "...(meta"],
      ["published-name-in-header", "the header says another tool than the body", "target: tool,", ""],
      [
        "tasks-offered",
        "a member may answer with a task that nobody can come back for",
        "PASSED_CAPABILITIES.includes(name)",
        "name !== undefined",
      ],
      [
        "every-parameter",
        "parameters that nobody has thought of are passed on",
        'if (!isStateless) return name === "arguments";',
        "if (!isStateless) return true;",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/gateway/virtual/member-connection.ts",
    tests: [ABUSE, "test/gateway/virtual/published-call.test.ts"],
    mistakes: [
      [
        "any-session",
        "whatever a member calls a session goes into a header",
        " && (id === null || isSessionId(id));",
        ";",
      ],
      [
        "any-revision",
        "a member is spoken to in whatever it says",
        "SESSION_VERSIONS.includes(version)",
        "version !== null",
      ],
      [
        "session-left-open",
        "sessions at members are left open",
        "if (session.id === null) return;",
        "if (session.id !== undefined) return;",
      ],
      [
        "untold",
        "a member that does not take notice is called",
        'if (!isTold) throw new CallRefused("upstream_answer_malformed");',
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/gateway/virtual/published-call.ts",
    tests: [ABUSE, "test/gateway/virtual/published-call.test.ts"],
    mistakes: [
      [
        "caller-credential-unrecorded",
        "a credential that was presented is not on record",
        "  call.credential = reached.credential;\n  const answering",
        "  const answering",
      ],
      [
        "meta-not-taken-over",
        "what was taken out of _meta stays in what is approved",
        '  if (isObject(given) && isObject(left)) params["_meta"] = { ...given, ...withoutOwnMeta(left) };\n',
        "",
      ],
      [
        "guarded-not-asked-again",
        "what guardrails have changed is not judged again",
        "await authorize(call, { ...token, scope: through.scope }, uses);",
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/gateway/approval.ts",
    tests: [ABUSE],
    mistakes: [
      [
        "approval-for-another-tool",
        "an approval is good for whatever a name has come to stand for",
        "...(call.member === null ? [] : [call.member.resource, call.member.tool]),",
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/gateway/virtual/published-tools.ts",
    tests: [ABUSE, "test/gateway/virtual/published-tools.test.ts"],
    mistakes: [
      ["held-back-shown", "a tool that nobody has approved is shown", ".filter(({ isHeldBack }) => !isHeldBack)", ""],
      [
        "every-tool-shown",
        "tools are shown that policy refuses",
        ".filter(({ name, facts }) => isShown(callOf(name, facts)))",
        "",
      ],
      ["everybody-asked", "members are asked whose tools nobody may see", "isWorthAsking(name)", "name !== undefined"],
      [
        "cursor-ignored",
        "a cursor that nobody gave is taken",
        'if (message.params["cursor"] !== undefined) throw new CallRefused("message_malformed");',
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/gateway/virtual/published-list.ts",
    tests: [ABUSE],
    mistakes: [
      [
        "either-of-two",
        "of two tools of one name one is shown",
        "for (const name of repeated) named.delete(name);",
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/gateway/virtual/published-list.ts",
    tests: ["test/gateway/virtual/published-tools.test.ts"],
    mistakes: [
      ["unfit-headers", "a tool is listed that clients must drop", '!hasFitHeaders(tool.item["inputSchema"])', "false"],
    ],
  }),
  ...seed({
    area,
    file: "src/gateway/virtual/virtual-server.ts",
    tests: [ABUSE],
    mistakes: [
      [
        "anybodys-session",
        "a session that is not this caller's is taken",
        'if (session === null) throw new CallRefused("session_unknown");\n  call.sessionTakesUrls = session.takesUrls;',
        "call.sessionTakesUrls = session?.takesUrls === true;",
      ],
    ],
  }),
];
