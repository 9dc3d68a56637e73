import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { JWK } from "jose";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { FetchedKeySet, IssuerKeySet } from "../../durable-objects/issuer-key-set.ts";
import { LIMITS } from "../../src/limits.ts";
import { storedRows } from "../support/ledgers.ts";
import { makeTestKey, type TestKey } from "../support/test-idp.ts";

/**
 * D01 to D13, §4.5. The identity provider is a spy on `fetch`: objects run in this very isolate, there is no network
 * here, and what is counted is what would have left the machine. The clock is ours.
 */
const START = Date.UTC(2031, 0, 1);
const JWKS_URI = "https://idp.example.com/jwks";
const RULES = { ownHost: "crossgate.example", allowsLoopback: false };

let first: TestKey;
let second: TestKey;

beforeEach(async () => {
  [first, second] = await Promise.all([makeTestKey("ES256", "first"), makeTestKey("ES256", "second")]);
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(START);
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  // An object with a running timer is not evicted before it has run out.
  vi.spyOn(AbortSignal, "timeout").mockImplementation(() => new AbortController().signal);
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

type Owner = DurableObjectStub<IssuerKeySet>;

function makeOwner(): Owner {
  return env.ISSUER_KEY_SET.getByName(crypto.randomUUID());
}

function advance(seconds: number): void {
  vi.setSystemTime(Date.now() + seconds * 1000);
}

function serve(answer: () => Response | Promise<Response>) {
  return vi.spyOn(globalThis, "fetch").mockImplementation(async () => answer());
}

function jwks(...keys: readonly TestKey[]): Response {
  return Response.json({ keys: keys.map(({ publicJwk }) => publicJwk) });
}

async function find(
  owner: Owner,
  wantedKeyId: string | null = null,
  jwksUri = JWKS_URI,
): Promise<FetchedKeySet | null> {
  return owner.find({ jwksUri, wantedKeyId, rules: RULES });
}

function kidsOf(found: FetchedKeySet | null): readonly (string | null)[] | null {
  return found === null ? null : found.keys.map(({ kid }) => kid);
}

describe("a key set", () => {
  it("is fetched when it is first asked for, and then kept while it is fresh", async () => {
    const owner = makeOwner();
    const fetches = serve(() => jwks(first));
    expect(kidsOf(await find(owner))).toEqual(["first"]);
    advance(LIMITS.keySetFreshSeconds - 1);
    expect(kidsOf(await find(owner, "first"))).toEqual(["first"]);
    expect(fetches).toHaveBeenCalledTimes(1);
    advance(1);
    await find(owner, "first");
    expect(fetches).toHaveBeenCalledTimes(2);
  });

  // 50 cold isolates with a copy each would fetch 50 times.
  it("is fetched once for 100 who ask at the same time", async () => {
    const owner = makeOwner();
    const fetches = serve(() => jwks(first));
    const found = await Promise.all(Array.from({ length: 100 }, (_, at) => find(owner, at % 2 === 0 ? "first" : null)));
    expect(found.every((each) => kidsOf(each)?.includes("first") === true)).toBe(true);
    expect(fetches).toHaveBeenCalledTimes(1);
  });

  it("is fetched again by whoever asks after a flight has landed", async () => {
    const owner = makeOwner();
    const fetches = serve(() => jwks(first));
    for (let flight = 1; flight <= 3; flight += 1) {
      await Promise.all(Array.from({ length: 20 }, () => find(owner)));
      expect(fetches).toHaveBeenCalledTimes(flight);
      advance(LIMITS.keySetFreshSeconds);
    }
  });

  // D01, D03, E05: never from a cache, which would serve a key that was removed; never by way of a redirect.
  it("is asked for without a cache, and redirects are not followed", async () => {
    const fetches = serve(() => jwks(first));
    await find(makeOwner());
    const [url, init] = fetches.mock.calls.at(0) ?? [];
    expect(url).toBe(JWKS_URI);
    expect(init).toMatchObject({ redirect: "manual", cache: "no-store" });
  });

  // D01: one byte a second is no way around the deadline, which is for the body too.
  it("is given up when its time is over", async () => {
    const timeout = vi.spyOn(AbortSignal, "timeout").mockImplementation(() => AbortSignal.abort());
    vi.spyOn(globalThis, "fetch").mockImplementation(async (_url, init) => {
      init?.signal?.throwIfAborted();
      return jwks(first);
    });
    expect(await find(makeOwner())).toBeNull();
    expect(timeout).toHaveBeenCalledExactlyOnceWith(LIMITS.keyFetchMilliseconds);
  });

  it.each([
    "http://idp.example.com/jwks",
    "https://10.0.0.1/jwks",
    "https://crossgate.example/jwks",
    "https://x/jwks",
    "nonsense",
  ])("is not asked for at %s, whoever wrote that [CVE-2026-1180]", async (jwksUri) => {
    const fetches = serve(() => jwks(first));
    expect(await find(makeOwner(), null, jwksUri)).toBeNull();
    expect(fetches).not.toHaveBeenCalled();
  });
});

describe("a key that the set lacks", () => {
  // D07: the first token under a new key must not be refused.
  it("is fetched for, once the cool-down is over", async () => {
    const owner = makeOwner();
    const fetches = serve(() => jwks(first));
    await find(owner);
    fetches.mockImplementation(async () => jwks(first, second));
    expect(kidsOf(await find(owner, "second"))).toEqual(["first"]);
    advance(LIMITS.keySetCooldownSeconds);
    expect(kidsOf(await find(owner, "second"))).toEqual(["first", "second"]);
    expect(fetches).toHaveBeenCalledTimes(2);
  });

  // D08: whatever the outcome of the fetch. Harper PR 2173 kept the cool-down in the entry that the fetch replaced.
  it.each<[string, () => Response | Promise<Response>]>([
    ["the set without it", () => jwks(first)],
    ["an error", () => new Response(null, { status: 500 })],
    ["no answer", () => Promise.reject(new Error("unreachable"))],
    ["an empty set", () => Response.json({ keys: [] })],
  ])("costs two fetches a minute at the most, when they bring %s", async (_name, answer) => {
    const owner = makeOwner();
    const fetches = serve(() => jwks(first));
    await find(owner);
    fetches.mockClear().mockImplementation(async () => answer());
    await runInDurableObject<IssuerKeySet, void>(owner, async (keySet) => {
      for (let tenth = 0; tenth < 600; tenth += 1) {
        advance(0.1);
        const found = await keySet.find({ jwksUri: JWKS_URI, wantedKeyId: `unknown-${tenth}`, rules: RULES });
        // What is fresh stays good: a flood of unknown keys is not the issuer's fault.
        expect(kidsOf(found)).toEqual(["first"]);
      }
    });
    expect(fetches.mock.calls.length).toBeLessThanOrEqual(2);
  });

  it("keeps nobody who asks for a known key waiting for a fetch that fails", async () => {
    const owner = makeOwner();
    const fetches = serve(() => jwks(first));
    await find(owner);
    fetches.mockClear().mockImplementation(() => Promise.reject(new Error("unreachable")));
    advance(LIMITS.keySetCooldownSeconds);
    await find(owner, "unknown");
    expect(fetches).toHaveBeenCalledTimes(1);
    for (let at = 0; at < LIMITS.keySetFreshSeconds - LIMITS.keySetCooldownSeconds - 1; at += 1) {
      advance(1);
      expect(kidsOf(await find(owner, "first"))).toEqual(["first"]);
    }
    expect(fetches).toHaveBeenCalledTimes(1);
  });

  it("is no longer there after a fetch that brought the set without it [JAG-R-04]", async () => {
    const owner = makeOwner();
    const fetches = serve(() => jwks(first, second));
    await find(owner);
    fetches.mockImplementation(async () => jwks(second));
    advance(LIMITS.keySetFreshSeconds);
    // D04, D05
    expect(kidsOf(await find(owner, "first"))).toEqual(["second"]);
  });
});

describe("an identity provider that does not answer", () => {
  // D09: jose alone made 200 fetches of 200 verifications.
  it("is asked at most 8 times a minute, by 10,000 who want its keys", { timeout: 30_000 }, async () => {
    const owner = makeOwner();
    const fetches = serve(() => Promise.reject(new Error("unreachable")));
    await runInDurableObject<IssuerKeySet, void>(owner, async (keySet) => {
      for (let tick = 0; tick < 1_000; tick += 1) {
        const wanted = Array.from({ length: 10 }, (_, at) => ({ jwksUri: JWKS_URI, wantedKeyId: `${tick}-${at}` }));
        const found = await Promise.all(wanted.map((each) => keySet.find({ ...each, rules: RULES })));
        expect(found.every((each) => each === null)).toBe(true);
        advance(0.06);
      }
    });
    expect(fetches.mock.calls.length).toBeGreaterThan(1);
    expect(fetches.mock.calls.length).toBeLessThanOrEqual(8);
  });

  it("is asked after 1, 2, 4 … and then every 60 seconds, over evictions too", { timeout: 20_000 }, async () => {
    const owner = makeOwner();
    const times: number[] = [];
    serve(() => {
      times.push((Date.now() - START) / 1000);
      throw new Error("unreachable");
    });
    for (let at = 0; at < 260; at += 1) {
      await find(owner);
      // The back-off is in storage: in memory it would start again whenever the object does.
      if (at % 10 === 0) await evictDurableObject(owner);
      advance(1);
    }
    expect(times).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183, 243]);
  });

  it("is asked without delay again once it has answered", async () => {
    const owner = makeOwner();
    const fetches = serve(() => Promise.reject(new Error("unreachable")));
    for (let at = 0; at < 40; at += 1) {
      await find(owner);
      advance(1);
    }
    fetches.mockImplementation(async () => jwks(first));
    advance(60);
    expect(kidsOf(await find(owner))).toEqual(["first"]);
    advance(LIMITS.keySetFreshSeconds);
    fetches.mockClear().mockImplementation(() => Promise.reject(new Error("unreachable")));
    for (let at = 0; at < 3; at += 1) {
      await find(owner);
      advance(1);
    }
    expect(fetches).toHaveBeenCalledTimes(2);
  });

  // D04: available through an hour of outage, and then closed; a key that was removed because it leaked must end.
  it("is relied on for an hour, and not a second longer", async () => {
    const owner = makeOwner();
    const fetches = serve(() => jwks(first));
    await find(owner);
    fetches.mockImplementation(() => Promise.reject(new Error("unreachable")));
    advance(LIMITS.keySetStaleSeconds - 1);
    expect(kidsOf(await find(owner))).toEqual(["first"]);
    advance(1);
    expect(await find(owner)).toBeNull();
    advance(LIMITS.keySetBackoffMaximumSeconds);
    expect(await find(owner)).toBeNull();
    advance(LIMITS.keySetBackoffMaximumSeconds);
    fetches.mockImplementation(async () => jwks(second));
    expect(kidsOf(await find(owner))).toEqual(["second"]);
  });
});

const weakRsa: JWK = { kty: "RSA", kid: "weak", e: "AQAB", n: "A".repeat(171) };

async function gzipped(text: string): Promise<ArrayBuffer> {
  return new Response(new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer();
}

/** D01, D06: what is no key set leaves the old one in place, and gives none where there was none. */
describe("an answer that is no key set", () => {
  const text = () => JSON.stringify({ keys: [first.publicJwk] });

  it.each<[string, () => Response | Promise<Response>]>([
    ["301", () => new Response(null, { status: 301, headers: { location: "https://evil.example/jwks" } })],
    ["302 with a set as its body", () => new Response(text(), { status: 302, headers: { location: "/other" } })],
    ["307", () => new Response(null, { status: 307, headers: { location: "//evil.example/jwks" } })],
    ["200 after a refresh header", () => new Response("", { headers: { refresh: "0; url=https://evil.example/" } })],
    ["204", () => new Response(null, { status: 204 })],
    ["201 with a set as its body", () => new Response(text(), { status: 201 })],
    ["404", () => new Response("not found", { status: 404 })],
    ["500", () => new Response("error", { status: 500 })],
    ["a web page", () => new Response("<!doctype html><title>Sign in</title>")],
    ["nothing", () => new Response("")],
    ["half a set", () => new Response(text().slice(0, -2))],
    ["a list", () => Response.json([first.publicJwk])],
    ["null", () => Response.json(null)],
    ["no keys member", () => Response.json({})],
    ["keys that are no list", () => Response.json({ keys: { 0: first.publicJwk } })],
    ["no keys", () => Response.json({ keys: [] })],
    ["weak keys only", () => Response.json({ keys: [weakRsa] })],
    ["secret keys only", () => Response.json({ keys: [{ kty: "oct", k: "c2VjcmV0", kid: "first" }] })],
    ["keys for encryption only", () => Response.json({ keys: [{ ...first.publicJwk, use: "enc" }] })],
    ["private keys", () => Response.json({ keys: [{ ...first.publicJwk, d: "AAAA" }] })],
    ["two sets in one", () => new Response(`{"keys":[],"keys":${JSON.stringify([first.publicJwk])}}`)],
    ["a byte order mark", () => new Response(`\ufeff${text()}`)],
    ["no UTF-8", () => new Response(new Uint8Array([0xff, 0xfe, 0x7b, 0x7d]))],
    ["gzip that was not decoded", async () => new Response(await gzipped(text()))],
    [
      "too many keys",
      () =>
        Response.json({
          keys: Array.from({ length: LIMITS.keysPerSet + 1 }, (_, at) => ({ ...first.publicJwk, kid: `${at}` })),
        }),
    ],
    ["a byte too much", () => new Response(text().padEnd(LIMITS.keySetBytes + 1))],
    [
      "depth",
      () => new Response(`{"keys":[${JSON.stringify(first.publicJwk)}],"x":${"[".repeat(20)}${"]".repeat(20)}}`),
    ],
    [
      "a body that breaks off",
      () => new Response(new ReadableStream({ pull: (controller) => controller.error(new Error("reset")) })),
    ],
  ])("(%s) keeps the old set", async (_name, answer) => {
    const [cold, warm] = [makeOwner(), makeOwner()];
    const fetches = serve(() => jwks(second));
    await find(warm);
    fetches.mockImplementation(async () => answer());
    advance(LIMITS.keySetFreshSeconds);
    expect(kidsOf(await find(warm))).toEqual(["second"]);
    expect(await find(cold)).toBeNull();
    expect(fetches).toHaveBeenCalledTimes(3);
  });

  it("of exactly as many bytes as it may have is one", async () => {
    serve(() => new Response(text().padEnd(LIMITS.keySetBytes)));
    expect(kidsOf(await find(makeOwner()))).toEqual(["first"]);
  });

  it("in part is one of the good keys", async () => {
    serve(() => Response.json({ keys: [weakRsa, first.publicJwk, null, "x", { kty: "EC" }] }));
    expect(kidsOf(await find(makeOwner()))).toEqual(["first"]);
  });

  // A gzip bomb arrives decoded: 10 MB of it are 10 KB on the wire.
  it("without an end is read no further than the bound", async () => {
    let pulled = 0;
    const piece = new TextEncoder().encode(" ".repeat(4096));
    serve(
      () =>
        new Response(
          new ReadableStream<Uint8Array>({
            pull(controller) {
              pulled += piece.length;
              controller.enqueue(piece);
            },
          }),
        ),
    );
    expect(await find(makeOwner())).toBeNull();
    expect(pulled).toBeLessThan(2 * LIMITS.keySetBytes);
  });
});

describe("a key set URL that was changed", () => {
  const OTHER = "https://idp.example.com/other-jwks";

  function serveEach(answers: Readonly<Record<string, () => Response | Promise<Response>>>) {
    return vi.spyOn(globalThis, "fetch").mockImplementation(async (url) => {
      const answer = answers[String(url)];
      if (answer === undefined) throw new Error("unreachable");
      return answer();
    });
  }

  // D02: the keys of the old one are no longer this issuer's, not even while the new one cannot be had.
  it("starts from nothing", async () => {
    const owner = makeOwner();
    serveEach({ [JWKS_URI]: () => jwks(first) });
    expect(kidsOf(await find(owner))).toEqual(["first"]);
    expect(await find(owner, null, OTHER)).toBeNull();
  });

  it("is asked at once, whatever the old one's back-off was", async () => {
    const owner = makeOwner();
    serveEach({ [OTHER]: () => jwks(second) });
    for (let at = 0; at < 5; at += 1) await find(owner);
    expect(kidsOf(await find(owner, null, OTHER))).toEqual(["second"]);
  });

  it("is kept beside the one before it, and those before that are gone", async () => {
    const owner = makeOwner();
    const urls = Array.from({ length: 6 }, (_, at) => `https://idp.example.com/jwks-${at}`);
    serveEach(Object.fromEntries(urls.map((url) => [url, () => jwks(first)])));
    for (const url of urls) {
      vi.setSystemTime(Date.now() + 1000);
      await find(owner, null, url);
    }
    const kept = await runInDurableObject(owner, (_keySet, { storage }) => [...storage.kv.list()].map(([key]) => key));
    expect(kept).toEqual(["state:https://idp.example.com/jwks-4", "state:https://idp.example.com/jwks-5"]);
  });

  it("does not get the old one's keys from a fetch that was on its way", async () => {
    const owner = makeOwner();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const fetches = serveEach({
      [JWKS_URI]: async () => {
        await released;
        return jwks(first);
      },
      [OTHER]: () => jwks(second),
    });
    // Inside the object, so that all who ask are there before the first answer is.
    const found = await runInDurableObject<IssuerKeySet, readonly (FetchedKeySet | null)[]>(owner, (keySet) => {
      const ask = (jwksUri: string) => keySet.find({ jwksUri, wantedKeyId: null, rules: RULES });
      const asked = [ask(JWKS_URI), ...Array.from({ length: 5 }, () => ask(OTHER))];
      release();
      return Promise.all(asked);
    });
    expect(found.map(kidsOf)).toEqual([["first"], ...Array.from({ length: 5 }, () => ["second"])]);
    expect(fetches).toHaveBeenCalledTimes(2);
  });
});

describe("state", () => {
  it("survives an eviction: keys, freshness and cool-down", async () => {
    const owner = makeOwner();
    const fetches = serve(() => jwks(first));
    const before = await find(owner);
    await evictDurableObject(owner);
    expect(await find(owner, "first")).toEqual(before);
    await evictDurableObject(owner);
    expect(await find(owner, "unknown")).toEqual(before);
    expect(fetches).toHaveBeenCalledTimes(1);
  });

  // D10, D11: one owner's flood or outage must not starve another, nor may one see another's keys.
  it("is one owner's alone [gram#6413]", async () => {
    const [mine, other] = [makeOwner(), makeOwner()];
    const fetches = serve(() => Promise.reject(new Error("unreachable")));
    for (let at = 0; at < 10; at += 1) await find(mine, `unknown-${at}`);
    fetches.mockImplementation(async () => jwks(second));
    expect(kidsOf(await find(other))).toEqual(["second"]);
    expect(await find(mine)).toBeNull();
  });
});

describe("a fetch that fails is told to the operator", () => {
  const rows: readonly (readonly [flaw: string, answer: () => Response])[] = [
    ["status_5xx", () => new Response("secret-canary", { status: 503 })],
    ["status_4xx", () => new Response("secret-canary", { status: 404 })],
    ["redirect", () => new Response(null, { status: 302, headers: { location: "https://secret-canary.example" } })],
    ["too_large", () => new Response("a".repeat(LIMITS.keySetBytes + 1))],
    ["not_json", () => new Response("<html>secret-canary")],
    ["no_keys", () => Response.json({ error: "secret-canary" })],
    ["no_usable_key", () => Response.json({ keys: [{ kty: "oct", k: "secret-canary" }] })],
  ];

  it.each(rows)("by the name of what is wrong (%s), once a back-off", async (flaw, answer) => {
    const written = vi.spyOn(console, "error").mockImplementation(() => undefined);
    serve(answer);
    const owner = makeOwner();
    const uri = `${JWKS_URI}?key=secret-canary`;
    await Promise.all([find(owner, null, uri), find(owner, null, uri)]);
    await find(owner, null, uri);
    expect(written.mock.calls).toEqual([[JSON.stringify({ event: "key_set_fetch_failed", jwks_uri: JWKS_URI, flaw })]]);
  });

  it("and one that succeeds is not", async () => {
    const written = vi.spyOn(console, "error").mockImplementation(() => undefined);
    serve(() => jwks(first));
    await find(makeOwner());
    expect(written).not.toHaveBeenCalled();
  });
});

/** The records of this owner's key set, wherever they are kept. */
async function recordsOf(owner: string): Promise<readonly Record<string, unknown>[]> {
  const ledgers = Array.from({ length: 4 }, (_, shard) => env.ASSERTION_LEDGER.getByName(`ledger/v1/${shard}`));
  const rows = await Promise.all(ledgers.map((ledger) => storedRows(ledger)));
  return rows
    .flat()
    .map(({ event }) => JSON.parse(event) as Record<string, unknown>)
    .filter(({ document_key: key }) => key === owner)
    .toSorted((left, right) => String(left["time"]).localeCompare(String(right["time"])));
}

describe("the audit trail", () => {
  it("is told once of each first fetch, rotation, failure and recovery, and of nothing that stays as it is", async () => {
    const name = `idp:https://${crypto.randomUUID()}.example`;
    const owner = env.ISSUER_KEY_SET.getByName(name);
    const down = () => new Response(null, { status: 503 });
    const answers = [
      () => jwks(first),
      () => jwks(first),
      () => jwks(second, first),
      () => jwks(first, second),
      down,
      down,
      () => jwks(first, second),
    ];
    for (const answer of answers) {
      serve(answer);
      await find(owner);
      advance(LIMITS.keySetFreshSeconds);
    }
    const expected = [
      { action: "fetched", decision: "done", count: 1 },
      { action: "rotated", decision: "done", count: 2 },
      { action: "failed", decision: "failed", reason: "status_5xx", count: 2 },
      { action: "fetched", decision: "done", count: 2 },
    ];
    await vi.waitFor(async () => expect(await recordsOf(name)).toHaveLength(expected.length));
    const issuer = name.slice("idp:".length);
    expect(await recordsOf(name)).toMatchObject(expected.map((each) => ({ type: "key_set", issuer, ...each })));
  });
});
