import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ClientDocumentAnswer, ClientDocumentSet } from "../../durable-objects/client-document-set.ts";
import { LIMITS } from "../../src/limits.ts";
import type { Members } from "../support/documents.ts";
import { makeTestKey, type TestKey } from "../support/test-idp.ts";

/** The host is a spy on `fetch`: what is counted is what would have left the machine. The clock is ours. */
const START = Date.UTC(2031, 0, 1);
const CLIENT_ID = "https://agents.example/client.json";
const RULES = { ownHost: "crossgate.example", allowsLoopback: false };

let first: TestKey;
let second: TestKey;

beforeEach(async () => {
  [first, second] = await Promise.all([makeTestKey("ES256", "first"), makeTestKey("ES256", "second")]);
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(START);
  // An object with a running timer is not evicted before it has run out.
  vi.spyOn(AbortSignal, "timeout").mockImplementation(() => new AbortController().signal);
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

type Owner = DurableObjectStub<ClientDocumentSet>;
type Answering = (url: string) => Response | Promise<Response>;

function makeOwner(): Owner {
  return env.CLIENT_DOCUMENT_SET.getByName(crypto.randomUUID());
}

function advance(seconds: number): void {
  vi.setSystemTime(Date.now() + seconds * 1000);
}

function serve(answer: Answering) {
  return vi.spyOn(globalThis, "fetch").mockImplementation(async (input) => answer(new Request(input).url));
}

function metadata(clientId: string, key: TestKey, overrides: Members = {}): Members {
  return {
    client_id: clientId,
    token_endpoint_auth_method: "private_key_jwt",
    jwks: { keys: [key.publicJwk] },
    ...overrides,
  };
}

function good(key: TestKey = first, headers: Record<string, string> = {}): Answering {
  return (url) => Response.json(metadata(url, key), { headers });
}

async function find(owner: Owner, clientId = CLIENT_ID, wantedKeyId: string | null = null) {
  return owner.find({ clientId, wantedKeyId, rules: RULES });
}

function kidsOf(answer: ClientDocumentAnswer): unknown {
  if (answer.outcome !== "found" || answer.metadata.keySource.kind !== "inline") return answer.outcome;
  return answer.metadata.keySource.keys.map(({ kid }) => kid);
}

const outage: Answering = () => new Response(null, { status: 503 });

describe("a client's document", () => {
  it("is fetched when it is first asked for, and then kept while it is fresh", async () => {
    const owner = makeOwner();
    const fetches = serve(good());
    expect(kidsOf(await find(owner))).toEqual(["first"]);
    advance(LIMITS.clientMetadataFreshSeconds - 1);
    expect(kidsOf(await find(owner))).toEqual(["first"]);
    expect(fetches).toHaveBeenCalledTimes(1);
    advance(1);
    await find(owner);
    expect(fetches).toHaveBeenCalledTimes(2);
  });

  it("is kept when the object is not", async () => {
    const owner = makeOwner();
    const fetches = serve(good());
    await find(owner);
    await evictDurableObject(owner);
    expect(kidsOf(await find(owner))).toEqual(["first"]);
    expect(fetches).toHaveBeenCalledTimes(1);
  });

  it("is fetched once for 100 who ask at the same time", async () => {
    const owner = makeOwner();
    const fetches = serve(good());
    const answers = await Promise.all(Array.from({ length: 100 }, () => find(owner)));
    expect(answers.every(({ outcome }) => outcome === "found")).toBe(true);
    expect(fetches).toHaveBeenCalledTimes(1);
  });

  it.each([
    ["max-age=900", 900],
    ["max-age=1", LIMITS.clientMetadataFreshMinimumSeconds],
    ["no-store", LIMITS.clientMetadataFreshMinimumSeconds],
    ["max-age=31536000", LIMITS.clientMetadataFreshMaximumSeconds],
  ])("is kept as long as its headers say (%s), within our bounds [CIMD-09]", async (control, seconds) => {
    const owner = makeOwner();
    const fetches = serve(good(first, { "cache-control": control }));
    await find(owner);
    advance(seconds - 1);
    await find(owner);
    expect(fetches).toHaveBeenCalledTimes(1);
    advance(1);
    await find(owner);
    expect(fetches).toHaveBeenCalledTimes(2);
  });

  it("is asked for without a cache, and redirects are not followed [CIMD-04]", async () => {
    const fetches = serve(good());
    await find(makeOwner());
    expect(fetches.mock.calls[0]?.[1]).toMatchObject({ redirect: "manual", cache: "no-store" });
  });

  it("with new keys replaces the one with the old", async () => {
    const owner = makeOwner();
    const fetches = serve(good(first));
    await find(owner);
    fetches.mockImplementation(async () => good(second)(CLIENT_ID));
    advance(LIMITS.clientMetadataFreshSeconds);
    expect(kidsOf(await find(owner))).toEqual(["second"]);
  });

  it("is fetched for a key that it lacks, once a cool-down", async () => {
    const owner = makeOwner();
    const fetches = serve(good(first));
    await find(owner);
    fetches.mockImplementation(async () => good(second)(CLIENT_ID));
    expect(kidsOf(await find(owner, CLIENT_ID, "second"))).toEqual(["first"]);
    advance(LIMITS.keySetCooldownSeconds);
    expect(kidsOf(await find(owner, CLIENT_ID, "second"))).toEqual(["second"]);
    for (let asked = 0; asked < 100; asked += 1) await find(owner, CLIENT_ID, `unknown-${asked}`);
    expect(fetches).toHaveBeenCalledTimes(2);
  });
});

describe("a host that is down", () => {
  it.each<[string, Answering]>([
    ["500", () => new Response(null, { status: 500 })],
    ["503", outage],
    ["429", () => new Response(null, { status: 429 })],
    ["no answer", () => Promise.reject(new Error("unreachable"))],
  ])("(%s) is an outage, and its last good document serves for a while", async (_name, answer) => {
    const owner = makeOwner();
    const fetches = serve(answer);
    expect((await find(owner)).outcome).toBe("unavailable");
    advance(LIMITS.keySetBackoffMaximumSeconds);
    fetches.mockImplementation(async () => good()(CLIENT_ID));
    await find(owner);
    fetches.mockImplementation(async () => answer(CLIENT_ID));
    advance(LIMITS.clientMetadataFreshSeconds + LIMITS.clientMetadataStaleSeconds - 1);
    expect(kidsOf(await find(owner))).toEqual(["first"]);
    advance(1);
    expect((await find(owner)).outcome).toBe("unavailable");
  });

  it("is asked less and less often", async () => {
    const owner = makeOwner();
    const fetches = serve(outage);
    for (let second_ = 0; second_ < 300; second_ += 1) {
      await find(owner);
      advance(1);
    }
    // 1 s, 2 s, 4 s … 60 s apart.
    expect(fetches.mock.calls.length).toBeLessThanOrEqual(11);
  });

  it("is believed again as soon as it answers", async () => {
    const owner = makeOwner();
    const fetches = serve(outage);
    await find(owner);
    fetches.mockImplementation(async () => good()(CLIENT_ID));
    expect((await find(owner)).outcome).toBe("unavailable");
    advance(LIMITS.keySetBackoffMinimumSeconds);
    expect((await find(owner)).outcome).toBe("found");
  });
});

describe("an answer that is no document", () => {
  const spoilt: readonly (readonly [string, Answering])[] = [
    ["is not there", () => new Response(null, { status: 404 })],
    ["is gone", () => new Response(null, { status: 410 })],
    ["is forbidden", () => new Response(null, { status: 403 })],
    ["has no content", () => new Response(null, { status: 204 })],
    ["is a part", (url) => Response.json(metadata(url, first), { status: 206 })],
    ["was created", (url) => Response.json(metadata(url, first), { status: 201 })],
    ["is elsewhere", () => new Response(null, { status: 301, headers: { location: "https://agents.example/x" } })],
    ["is elsewhere for now", () => new Response(null, { status: 307, headers: { location: "https://127.0.0.1/" } })],
    [
      "is a page",
      (url) => new Response(JSON.stringify(metadata(url, first)), { headers: { "content-type": "text/html" } }),
    ],
    [
      "is text",
      (url) => new Response(JSON.stringify(metadata(url, first)), { headers: { "content-type": "text/plain" } }),
    ],
    [
      "is of a type that ends like JSON's",
      (url) => new Response(JSON.stringify(metadata(url, first)), { headers: { "content-type": "text/json" } }),
    ],
    ["is of no type", (url) => new Response(new TextEncoder().encode(JSON.stringify(metadata(url, first))))],
    ["is not JSON", () => new Response("{", { headers: { "content-type": "application/json" } })],
    ["names another client", () => Response.json(metadata(`${CLIENT_ID}/`, first))],
    ["has a secret", (url) => Response.json(metadata(url, first, { client_secret: "x" }))],
    ["is too large", (url) => Response.json(metadata(url, first, { x: "x".repeat(LIMITS.clientMetadataBytes) }))],
  ];

  it.each(spoilt)("because it %s is a refusal [CIMD-04]", async (_name, answer) => {
    serve(answer);
    expect((await find(makeOwner())).outcome).toBe("invalid");
  });

  // draft §5.2: an error that is cached outlives its mending.
  it.each(spoilt)("because it %s is not kept [CIMD-09]", async (_name, answer) => {
    const owner = makeOwner();
    const fetches = serve(answer);
    await find(owner);
    fetches.mockImplementation(async () => good()(CLIENT_ID));
    advance(LIMITS.keySetBackoffMinimumSeconds);
    expect(kidsOf(await find(owner))).toEqual(["first"]);
  });

  // Whoever takes a document down has said that its client is no longer one.
  it("ends the trust in the one before it", async () => {
    const owner = makeOwner();
    const fetches = serve(good());
    await find(owner);
    advance(LIMITS.clientMetadataFreshSeconds);
    fetches.mockImplementation(async () => new Response(null, { status: 404 }));
    expect((await find(owner)).outcome).toBe("invalid");
    fetches.mockImplementation(async () => outage(CLIENT_ID));
    advance(LIMITS.keySetBackoffMaximumSeconds);
    expect((await find(owner)).outcome).toBe("unavailable");
  });

  it("is told apart from one of exactly the largest size [CIMD-11]", async () => {
    const bare = JSON.stringify(metadata(CLIENT_ID, first, { x: "" })).length;
    const ofBytes =
      (bytes: number): Answering =>
      (url) =>
        Response.json(metadata(url, first, { x: "x".repeat(bytes - bare) }));
    serve(ofBytes(LIMITS.clientMetadataBytes));
    expect((await find(makeOwner())).outcome).toBe("found");
    serve(ofBytes(LIMITS.clientMetadataBytes + 1));
    expect((await find(makeOwner())).outcome).toBe("invalid");
  });

  it.each([
    "application/json",
    "application/json; charset=utf-8",
    "application/client-metadata+json",
    "Application/JSON",
  ])("is not what %s says", async (type) => {
    serve((url) => new Response(JSON.stringify(metadata(url, first)), { headers: { "content-type": type } }));
    expect((await find(makeOwner())).outcome).toBe("found");
  });
});

describe("whoever invents identifiers below an admitted origin", () => {
  it("makes us ask it a few times a minute, and no more", async () => {
    const owner = makeOwner();
    const fetches = serve(() => new Response(null, { status: 404 }));
    const outcomes: string[] = [];
    for (let at = 0; at < 200; at += 1) outcomes.push((await find(owner, `https://agents.example/${at}.json`)).outcome);
    expect(fetches).toHaveBeenCalledTimes(LIMITS.clientMetadataFetchBurst);
    // What was not asked is not refused: nobody knows.
    expect(outcomes.filter((outcome) => outcome === "unavailable")).toHaveLength(200 - LIMITS.clientMetadataFetchBurst);
  });

  it("does not keep those that have been good from being fetched again", async () => {
    const owner = makeOwner();
    const fetches = serve(good());
    await find(owner);
    fetches.mockImplementation(async () => new Response(null, { status: 404 }));
    advance(LIMITS.clientMetadataFreshSeconds);
    for (let at = 0; at < 100; at += 1) await find(owner, `https://agents.example/${at}.json`);
    fetches.mockImplementation(async () => good(second)(CLIENT_ID));
    expect(kidsOf(await find(owner))).toEqual(["second"]);
  });

  it.each([
    "https://10.0.0.1/client.json",
    "https://crossgate.example/client.json",
    "http://127.0.0.1/client.json",
    "x",
  ])("does not make us ask %s, whoever admitted that [CIMD-10]", async (clientId) => {
    const fetches = serve(good());
    expect((await find(makeOwner(), clientId)).outcome).toBe("invalid");
    expect(fetches).not.toHaveBeenCalled();
  });
});
