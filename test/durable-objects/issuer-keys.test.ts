import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { FetchedKeySet } from "../../durable-objects/issuer-key-set.ts";
import { IssuerKeys, type KeyOwner } from "../../durable-objects/issuer-keys.ts";
import { Outage } from "../../src/audit/reason.ts";
import { readVerificationKey, type VerificationKey } from "../../src/jwt/json-web-key.ts";
import { parseCompactJws } from "../../src/jwt/compact-jws.ts";
import { isSignedBy } from "../../src/jwt/verify.ts";
import { LIMITS } from "../../src/limits.ts";
import { makeTestKey, signText, type TestKey } from "../support/test-idp.ts";

const RULES = { ownHost: "crossgate.example", allowsLoopback: false };
const START = Date.UTC(2031, 0, 1);
const JWKS_URI = "https://idp.example.com/jwks";
const OWNER: KeyOwner = "idp:https://idp.example.com";

let first: TestKey;
let second: TestKey;

beforeEach(async () => {
  [first, second] = await Promise.all([makeTestKey("ES256", "first"), makeTestKey("ES256", "second")]);
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(START);
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function published(...keys: readonly TestKey[]): VerificationKey[] {
  return keys.map(({ publicJwk }) => readVerificationKey(publicJwk)).filter((key) => typeof key !== "string");
}

function fetched(...keys: readonly TestKey[]): FetchedKeySet {
  return { keys: published(...keys), fetchedAtMilliseconds: Date.now() };
}

type Find = (owner: string, request: { jwksUri: string; wantedKeyId: string | null }) => Promise<FetchedKeySet | null>;

/** One isolate, and objects of which a test says what each knows. */
function makeIsolate(answer: Find) {
  const find = vi.fn(answer);
  const namespace = { getByName: (owner: string) => ({ find: (request: never) => find(owner, request) }) };
  const keys = new IssuerKeys(namespace as never, RULES);
  const remote = { kind: "remote", jwksUri: JWKS_URI } as const;
  const kidOf = async (kid: string | null, source: Parameters<IssuerKeys["find"]>[1] = remote) => {
    const choice = await keys.find(OWNER, source, { kid, alg: "ES256" });
    return typeof choice === "string" ? choice : choice.kid;
  };
  return { keys, find, kidOf, remote };
}

async function outageOf(work: Promise<unknown>): Promise<string> {
  try {
    return `no outage: ${String(await work)}`;
  } catch (error) {
    if (error instanceof Outage) return error.reason;
    throw error;
  }
}

describe("keys in the document itself", () => {
  it("are chosen from without asking anyone", async () => {
    const { find, kidOf } = makeIsolate(async () => null);
    const inline = { kind: "inline", keys: published(first, second) } as const;
    expect(await kidOf("second", inline)).toBe("second");
    expect(await kidOf("unknown", inline)).toBe("no_key");
    expect(await kidOf(null, inline)).toBe("several_keys");
    expect(find).not.toHaveBeenCalled();
  });
});

describe("keys behind a URL", () => {
  it("are asked for once while they are fresh", async () => {
    const { find, kidOf } = makeIsolate(async () => fetched(first));
    for (let at = 0; at < 5; at += 1) expect(await kidOf("first")).toBe("first");
    vi.setSystemTime(START + LIMITS.keySetFreshSeconds * 1000 - 1);
    await kidOf("first");
    expect(find).toHaveBeenCalledExactlyOnceWith(OWNER, { jwksUri: JWKS_URI, wantedKeyId: "first", rules: RULES });
    vi.setSystemTime(START + LIMITS.keySetFreshSeconds * 1000);
    await kidOf("first");
    expect(find).toHaveBeenCalledTimes(2);
  });

  // D07: whether the key is worth a fetch is the object's to say; this isolate asks each time.
  it("are asked for again for a key that the copy lacks, and the answer decides", async () => {
    const { find, kidOf } = makeIsolate(async () => fetched(first));
    await kidOf("first");
    expect(await kidOf("second")).toBe("no_key");
    find.mockImplementation(async () => fetched(first, second));
    expect(await kidOf("second")).toBe("second");
    expect(await kidOf("second")).toBe("second");
    expect(find).toHaveBeenCalledTimes(3);
  });

  it("that were fetched long ago are asked for again after seconds, not at each request", async () => {
    const old = START - LIMITS.keySetFreshSeconds * 1000;
    const { find, kidOf } = makeIsolate(async () => ({ keys: published(first), fetchedAtMilliseconds: old }));
    for (let at = 0; at < 5; at += 1) expect(await kidOf("first")).toBe("first");
    expect(find).toHaveBeenCalledTimes(1);
    vi.setSystemTime(START + 5_000);
    await kidOf("first");
    expect(find).toHaveBeenCalledTimes(2);
  });

  // D04, D05: a key that was taken out is gone with the next copy.
  it("that were replaced are forgotten", async () => {
    const { find, kidOf } = makeIsolate(async () => fetched(first));
    await kidOf("first");
    find.mockImplementation(async () => fetched(second));
    vi.setSystemTime(START + LIMITS.keySetFreshSeconds * 1000);
    expect(await kidOf("first")).toBe("no_key");
    expect(await kidOf("second")).toBe("second");
  });

  // D02
  it("at another URL are other keys, at once", async () => {
    const { kidOf, remote } = makeIsolate(async (_owner, { jwksUri }) =>
      fetched(jwksUri === JWKS_URI ? first : second),
    );
    expect(await kidOf("first")).toBe("first");
    const moved = { ...remote, jwksUri: "https://idp.example.com/other" };
    expect(await kidOf("first", moved)).toBe("no_key");
    expect(await kidOf("second", moved)).toBe("second");
  });

  it("are imported once for as long as they do not change", async () => {
    const { keys, remote } = makeIsolate(async () => fetched(first));
    const imports = vi.spyOn(crypto.subtle, "importKey");
    const token = await signText(JSON.stringify({ alg: "ES256" }), "{}", first);
    for (let round = 0; round < 3; round += 1) {
      const key = await keys.find(OWNER, remote, { kid: "first", alg: "ES256" });
      if (typeof key === "string") throw new TypeError(key);
      expect(await isSignedBy(parseCompactJws(token, "forbidden"), key, "ES256")).toBe(true);
      vi.setSystemTime(Date.now() + LIMITS.keySetFreshSeconds * 1000);
    }
    expect(imports).toHaveBeenCalledTimes(1);
  });

  // The same kid with other material is another key; its import must not be the old one's.
  it("of the same kid and other material are another key", async () => {
    const replacement = await makeTestKey("ES256", "first");
    const { keys, find, remote } = makeIsolate(async () => fetched(first));
    const old = await keys.find(OWNER, remote, { kid: "first", alg: "ES256" });
    find.mockImplementation(async () => fetched(replacement));
    vi.setSystemTime(START + LIMITS.keySetFreshSeconds * 1000);
    const current = await keys.find(OWNER, remote, { kid: "first", alg: "ES256" });
    expect(current).not.toBe(old);
    expect(current).toMatchObject({ material: replacement.material });
  });

  // D10, D11
  it("of another owner are another owner's", async () => {
    const { keys, remote } = makeIsolate(async (owner) => fetched(owner === OWNER ? first : second));
    const wanted = { kid: "first", alg: "ES256" } as const;
    expect(await keys.find(OWNER, remote, wanted)).toMatchObject({ kid: "first" });
    expect(await keys.find("client:https://idp.example.com", remote, wanted)).toBe("no_key");
    expect(await keys.find("idp:https://idp.example.com/", remote, wanted)).toBe("no_key");
  });

  it("are kept of a bounded number of owners", async () => {
    const { keys, find, remote } = makeIsolate(async () => fetched(first));
    const ask = (at: number) => keys.find(`idp:https://${at}.example.com`, remote, { kid: "first", alg: "ES256" });
    for (let at = 0; at <= LIMITS.keySetsCached; at += 1) await ask(at);
    find.mockClear();
    await ask(LIMITS.keySetsCached);
    await ask(1);
    expect(find).not.toHaveBeenCalled();
    await ask(0);
    expect(find).toHaveBeenCalledTimes(1);
  });

  it.each<[string, Find]>([
    ["are not to be had", async () => null],
    ["cannot be asked for", () => Promise.reject(new Error("object unavailable"))],
  ])("that %s are an outage, and no refusal", async (_name, answer) => {
    const { kidOf } = makeIsolate(answer);
    expect(await outageOf(kidOf("first"))).toBe("keys_unavailable");
  });

  // Otherwise a flood of unknown key ids while the object is down would refuse what the copy could verify.
  it("that the copy holds still serve while the object is down", async () => {
    const { find, kidOf } = makeIsolate(async () => fetched(first));
    await kidOf("first");
    find.mockRejectedValue(new Error("object unavailable"));
    expect(await outageOf(kidOf("unknown"))).toBe("keys_unavailable");
    expect(await kidOf("first")).toBe("first");
  });
});

describe("with the real object", () => {
  // There is no network here: what leaves the isolate is counted, and answered, by a spy on fetch.
  it("50 isolates that ask at once make one fetch", async () => {
    const fetches = vi
      .spyOn(globalThis, "fetch")
      .mockImplementation(async () => Response.json({ keys: [first.publicJwk] }));
    const owner: KeyOwner = `idp:${crypto.randomUUID()}`;
    const isolates = Array.from({ length: 50 }, () => new IssuerKeys(env.ISSUER_KEY_SET, RULES));
    const source = { kind: "remote", jwksUri: JWKS_URI } as const;
    const found = await Promise.all(isolates.map((keys) => keys.find(owner, source, { kid: "first", alg: "ES256" })));
    expect(found).toEqual(found.map(() => published(first).at(0)));
    expect(fetches).toHaveBeenCalledTimes(1);
  });
});
