import { type Mutant, seed } from "../mutant.ts";

const area = "egress";

/** No connection that an attacker chose, and nothing read without a bound. */
export const EGRESS: readonly Mutant[] = [
  ...seed({
    area,
    file: "src/egress/url-policy.ts",
    tests: ["test/egress/url-policy.test.ts", "test/abuse/url-spellings.test.ts"],
    mistakes: [
      [
        "address-literals",
        "an address inside is contacted",
        String.raw`if (host.startsWith("[") || /^[\d.]+$/.test(host)) return "address_literal";`,
        "",
      ],
      [
        "user-information",
        "https://good.example@evil.example shows another host than it names",
        'if (url.username !== "" || url.password !== "") return "credentials";',
        "",
      ],
      [
        "trailing-dots",
        "a dot at the end makes an internal name an external one",
        String.raw`hostname.replace(/\.+$/, "")`,
        "hostname",
      ],
      ["internal-names", "an internal name is contacted", '? "internal_name" : null;\n}', "? null : null;\n}"],
      ["own-host", "a fetch to ourselves loops", 'if (host === rules.ownHost) return "own_host";', ""],
      [
        "loopback-everywhere",
        "the loopback address is contacted in production",
        'rules.allowsLoopback ? null : "scheme"',
        "null",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/egress/bounded-fetch.ts",
    tests: ["test/egress/bounded-fetch.test.ts"],
    mistakes: [
      [
        "url-unchecked",
        "any URL is fetched",
        'if (findUrlFlaw(url, bounds.rules) !== null) throw new FetchFailed("url");',
        "",
      ],
      ["redirect-followed", "a redirect leads inside", 'redirect: "manual"', 'redirect: "follow"'],
      ["status-ignored", "an error page is a document", "response.status !== 200", "response.status < 100"],
      [
        "size-limit-removed",
        "a document of any size is held in memory",
        "while (length <= limitBytes) {",
        "while (length <= Number.MAX_SAFE_INTEGER - limitBytes) {",
      ],
      [
        "deadline-removed",
        "one byte a second holds a fetch open for ever",
        "AbortSignal.timeout(bounds.milliseconds)",
        "AbortSignal.timeout(bounds.milliseconds * 1_000)",
      ],
      [
        "dawdling-sender",
        "a sender holds a request open for ever",
        "withinDeadline(collect(reader, { limitBytes, statedBytes }), milliseconds)",
        "collect(reader, { limitBytes, statedBytes })",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/egress/upstream.ts",
    tests: ["test/egress/upstream.test.ts"],
    mistakes: [
      ["upstream-redirect-followed", "an upstream's redirect leads inside", 'redirect: "manual"', 'redirect: "follow"'],
    ],
  }),
  ...seed({
    area,
    file: "src/egress/client-identifier.ts",
    tests: ["test/egress/client-identifier.test.ts"],
    mistakes: [
      [
        "second-spelling-of-a-client",
        "a client has a second spelling that patterns read differently",
        "url.href !== clientId || ",
        "",
      ],
      [
        "encoded-slash-in-a-client",
        "/ours/..%2ftheirs passes for one of ours",
        "[A-Za-z0-9._~!$'()+,=:@-]",
        "[A-Za-z0-9._~!$'()+,=:@%-]",
      ],
    ],
  }),
  ...seed({
    area,
    file: "durable-objects/issuer-key-set.ts",
    tests: ["test/durable-objects/issuer-key-set.test.ts"],
    mistakes: [
      [
        "cool-down-removed",
        "unknown key ids make us fetch a key set once each",
        "isFresh ? LIMITS.keySetCooldownSeconds * 1000 : 0",
        "isFresh ? 0 : 0",
      ],
      [
        "keys-for-ever",
        "keys that were removed verify for as long as their host is down",
        "isWithin(current.fetched?.fetchedAtMilliseconds, now, LIMITS.keySetStaleSeconds) ? current.fetched : null",
        "current.fetched",
      ],
      [
        "keys-of-another-address",
        "keys of an address that the record no longer names are used",
        "return `state:${jwksUri}`;",
        "return `state:${jwksUri.slice(0, 0)}`;",
      ],
      [
        "keys-without-number",
        "a key set of thousands is imported",
        'usable.length <= LIMITS.keysPerSet ? usable : "too_many_keys"',
        "usable",
      ],
    ],
  }),
  ...seed({
    area,
    file: "durable-objects/client-document-set.ts",
    tests: ["test/durable-objects/client-document-set.test.ts"],
    mistakes: [
      [
        "inventors-budget",
        "made-up clients make us fetch from a host without end",
        'return !this.#budgets[kept === null ? "unknown" : "known"].take(now);',
        "return false;",
      ],
      [
        "page-as-document",
        "an upload at the client's host is its metadata",
        'if (!isJson(fetched.headers.get("content-type"))) return "invalid";',
        "",
      ],
    ],
  }),
];
