import { type Mutant, seed } from "../mutant.ts";

const area = "gateway";

/** What crosses the gateway, in both directions. */
export const WIRE: readonly Mutant[] = [
  ...seed({
    area,
    file: "src/gateway/forward.ts",
    tests: [
      "test/gateway/forward.test.ts",
      "test/abuse/token-passthrough.test.ts",
      "test/abuse/header-smuggling.test.ts",
    ],
    mistakes: [
      [
        "token-passed-on",
        "the caller's token reaches the upstream",
        '  "accept-language",',
        '  "accept-language",\n  "authorization",',
      ],
      [
        "cookie-passed-on",
        "the browser's cookies reach the upstream",
        '  "accept-language",',
        '  "accept-language",\n  "cookie",',
      ],
      [
        "identity-header-passed-on",
        "a caller tells the upstream who he is",
        String.raw`/^mcp-param-[a-z0-9-]+$/`,
        String.raw`/^(?:mcp-param-|x-)[a-z0-9_.-]+$/`,
      ],
      [
        "upstream-redirect-passed-on",
        "an upstream sends the client and its token elsewhere",
        'if (status >= 300 && status < 400) return "upstream_redirect";',
        "",
      ],
      [
        "upstream-refusal-passed-on",
        "an upstream's challenge sends the client off to another authorization server",
        "status === 401 || status === 403 || status === 407",
        "status === 407",
      ],
      [
        "upstream-url-unchecked",
        "an upstream at an internal address is contacted",
        "findUrlFlaw(forwarding.upstream, forwarding.rules) !== null",
        "findUrlFlaw(forwarding.upstream, forwarding.rules) === undefined",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/gateway/message.ts",
    tests: ["test/gateway/message.test.ts", "test/abuse/ambiguous-json-rpc.test.ts"],
    mistakes: [
      [
        "case-not-folded",
        "a server that folds case reads another tool than was authorized",
        "foldCaseDepth: LIMITS.messageDepth",
        "foldCaseDepth: 0",
      ],
      [
        "unknown-envelope-members",
        "a server reads a member that nobody judged",
        " && Object.keys(members).every((member) => ENVELOPE.has(member))",
        " && members !== null",
      ],
      [
        "prototype-of-arguments",
        "arguments have members that no condition sees",
        ' && !Object.hasOwn(given, "__proto__")',
        "",
      ],
      [
        "body-of-any-size",
        "a body of any size is held in memory",
        "LIMITS.gatewayBodyBytes",
        "Number.MAX_SAFE_INTEGER",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/gateway/cors.ts",
    tests: ["test/gateway/cors.test.ts", "test/abuse/origin.test.ts"],
    mistakes: [
      [
        "any-origin",
        "any web page calls a local server through its visitor's browser",
        'if (origin !== null && !resource.allowed_origins.includes(origin)) throw new CallRefused("origin_not_allowed");',
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/gateway/list-result.ts",
    tests: ["test/gateway/list-result.test.ts"],
    mistakes: [
      ["list-for-everybody", "a filtered list is kept for everybody", '{ cacheScope: "private" }', "{ cacheScope }"],
      [
        "list-of-any-length",
        "a server's list of millions is judged item by item",
        " || items.length > LIMITS.listItems",
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/gateway/event-stream.ts",
    tests: [
      "test/gateway/event-stream.test.ts",
      "test/gateway/list-response.test.ts",
      "test/abuse/smuggled-list.test.ts",
    ],
    mistakes: [
      [
        "byte-order-marks-left",
        "one reader takes for data what another one skips",
        String.raw`isStart ? chunk.replace(/^\uFEFF+/, "") : chunk`,
        "chunk",
      ],
      [
        "one-byte-order-mark-taken",
        "of several marks each reader on the way takes another one",
        String.raw`/^\uFEFF+/`,
        String.raw`/^\uFEFF/`,
      ],
      [
        "lines-that-are-no-field",
        "a careless reader takes for data what was not judged",
        ".filter((line) => FIELD.test(line))",
        "",
      ],
      [
        "endless-event",
        "an event without an end fills memory",
        "if (length > limitCharacters) controller.terminate();",
        "",
      ],
    ],
  }),
];
