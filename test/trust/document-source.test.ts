import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { DocumentSource } from "../../src/trust/document-source.ts";
import { TrustStore } from "../../src/trust/trust-store.ts";
import { IDP, idpDocument } from "../support/documents.ts";

const KEY = `idp:${IDP}`;
const TEXT = JSON.stringify(idpDocument());
const RULES = { ownHost: "crossgate.example", allowsLoopback: false };

let cacheName: string;
let background: Promise<unknown>[];
let readText: ReturnType<typeof vi.fn<(key: string) => Promise<string | null>>>;

function source(): DocumentSource {
  return new DocumentSource({
    readText,
    openCache: () => caches.open(cacheName),
    waitUntil: (promise) => void background.push(promise),
  });
}

/** A new isolate: nothing in memory, the same location. */
function isolate(): TrustStore {
  const documents = source();
  return new TrustStore({
    readText: (key) => documents.read(key),
    readLastKnownGood: (key) => documents.readLastKnownGood(key),
    rules: RULES,
    onInvalid: () => undefined,
  });
}

beforeEach(() => {
  cacheName = crypto.randomUUID();
  background = [];
  readText = vi.fn(async () => TEXT);
});
afterEach(() => vi.useRealTimers());

describe("documents while KV is down", () => {
  it("come from the copy that this location keeps, for an isolate that has none (KV, June 2025: 2 h 28 min)", async () => {
    expect(await isolate().find("idp", IDP)).toMatchObject({ document: { issuer: IDP } });
    await Promise.all(background);
    readText.mockRejectedValue(new Error("KV is down"));
    expect(await isolate().find("idp", IDP)).toMatchObject({ document: { issuer: IDP } });
  });

  it("are an outage where no copy was ever kept: absence cannot be known", async () => {
    readText.mockRejectedValue(new Error("KV is down"));
    await expect(isolate().find("idp", IDP)).rejects.toMatchObject({ reason: "trust_unavailable" });
  });

  it("are an outage once the document had been removed", async () => {
    const documents = source();
    await documents.read(KEY);
    await Promise.all(background);
    readText.mockResolvedValue(null);
    await documents.read(KEY);
    await Promise.all(background);
    expect(await documents.readLastKnownGood(KEY)).toBeNull();
  });

  it("do not keep anyone waiting for KV to hang up", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    readText.mockReturnValue(new Promise(() => undefined));
    const reading = expect(source().read(KEY)).rejects.toThrow("deadline");
    await vi.advanceTimersByTimeAsync(LIMITS.trustReadMilliseconds);
    await reading;
  });

  it("are asked of KV again after a while, and by one request only", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: 1_800_000_000_000 });
    const store = isolate();
    await store.find("idp", IDP);
    readText.mockRejectedValue(new Error("KV is down"));
    vi.advanceTimersByTime(LIMITS.trustDocumentFreshSeconds * 1000);
    for (let request = 0; request < 10; request += 1) await store.find("idp", IDP);
    expect(readText).toHaveBeenCalledTimes(2);
    vi.advanceTimersByTime(LIMITS.trustRetrySeconds * 1000);
    await store.find("idp", IDP);
    expect(readText).toHaveBeenCalledTimes(3);
  });

  it("are kept once in a while and not at each reading", async () => {
    const put = vi.fn(async () => undefined);
    const cache = { put, match: async () => undefined, delete: async () => true };
    const documents = new DocumentSource({
      readText,
      openCache: async () => cache,
      waitUntil: (one) => void background.push(one),
    });
    for (let reading = 0; reading < 5; reading += 1) await documents.read(KEY);
    await Promise.all(background);
    expect(put).toHaveBeenCalledTimes(1);
  });
});
