import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Outage } from "../../src/audit/reason.ts";
import { LIMITS } from "../../src/limits.ts";
import type { DocumentInvalid } from "../../src/trust/documents.ts";
import { type NoticedChange, TrustStore } from "../../src/trust/trust-store.ts";
import { clientDocument, IDP, idpDocument, type Members } from "../support/documents.ts";

const RULES = { ownHost: "crossgate.example", allowsLoopback: false };
const KEY = `idp:${IDP}`;
const FRESH = LIMITS.trustDocumentFreshSeconds;
const STALE = LIMITS.trustDocumentStaleSeconds;

function text(overrides: Members = {}): string {
  return JSON.stringify(idpDocument(overrides));
}

/** KV as these tests have it: what it holds, whether it answers, and what it was asked. */
class FakeKv {
  readonly held = new Map<string, string>();
  isDown = false;
  readonly read = vi.fn(async (key: string): Promise<string | null> => {
    if (this.isDown) throw new Error("KV GET failed: 500");
    return this.held.get(key) ?? null;
  });
}

let kv: FakeKv;
let onInvalid: ReturnType<typeof vi.fn<(error: DocumentInvalid) => void>>;
let store: TrustStore;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: 1_795_000_000_000 });
  kv = new FakeKv();
  onInvalid = vi.fn();
  store = new TrustStore({ readText: kv.read, rules: RULES, onInvalid });
});

afterEach(() => {
  vi.useRealTimers();
});

function after(seconds: number): void {
  vi.setSystemTime(Date.now() + seconds * 1000);
}

async function outageOf(run: () => Promise<unknown>): Promise<string> {
  try {
    await run();
    return "answered";
  } catch (error) {
    if (error instanceof Outage) return error.reason;
    throw error;
  }
}

const find = () => store.find("idp", IDP);

describe("a document that is there", () => {
  it("is found under its kind and name, with a revision", async () => {
    kv.held.set(KEY, text());
    expect(await find()).toMatchObject({ document: { issuer: IDP }, revision: expect.stringMatching(/^[\w-]{16}$/) });
    expect(kv.read).toHaveBeenCalledExactlyOnceWith(KEY);
  });

  it("is not found under another kind", async () => {
    kv.held.set(KEY, text());
    expect(await store.find("client", IDP)).toBeNull();
  });

  it("is not read again while it is fresh, and is afterwards", async () => {
    kv.held.set(KEY, text());
    await find();
    kv.held.set(KEY, text({ enabled: false }));
    after(FRESH - 1);
    expect((await find())?.document.enabled).toBe(true);
    expect(kv.read).toHaveBeenCalledTimes(1);
    after(1);
    expect((await find())?.document.enabled).toBe(false);
    expect(kv.read).toHaveBeenCalledTimes(2);
  });

  it("keeps its parsed value while its text is the same, and with it the keys imported for it", async () => {
    kv.held.set(KEY, text());
    const first = await find();
    after(FRESH);
    const second = await find();
    expect(kv.read).toHaveBeenCalledTimes(2);
    expect(second?.document).toBe(first?.document);
  });

  it("has a revision that follows its text and nothing else", async () => {
    kv.held.set(KEY, text());
    const first = await find();
    after(FRESH);
    kv.held.set(KEY, text({ name: "Renamed" }));
    const second = await find();
    after(FRESH);
    kv.held.set(KEY, text());
    const third = await find();
    expect(second?.revision).not.toBe(first?.revision);
    expect(third?.revision).toBe(first?.revision);
  });

  it("is gone as soon as a reading says so, and no copy stands in for it", async () => {
    kv.held.set(KEY, text());
    await find();
    kv.held.delete(KEY);
    after(FRESH);
    expect(await find()).toBeNull();
    kv.isDown = true;
    after(FRESH);
    expect(await outageOf(find)).toBe("trust_unavailable");
  });
});

describe("a document that is not there", () => {
  it("is not asked for again while that is fresh, and is afterwards", async () => {
    expect(await find()).toBeNull();
    kv.held.set(KEY, text());
    after(FRESH - 1);
    expect(await find()).toBeNull();
    expect(kv.read).toHaveBeenCalledTimes(1);
    after(1);
    expect(await find()).toMatchObject({ document: { issuer: IDP } });
  });

  it("is not asked for under a lone surrogate, which KV would answer with a failure and we with an outage", async () => {
    expect(await store.find("client", "agent-\ud800")).toBeNull();
    expect(kv.read).not.toHaveBeenCalled();
  });

  it("is not asked for at all under a name that no key of KV can have", async () => {
    expect(await store.find("idp", `https://idp.example.com/${"a".repeat(512)}`)).toBeNull();
    expect(await store.find("idp", "é".repeat(255))).toBeNull();
    expect(kv.read).not.toHaveBeenCalled();
  });

  it("is asked for under the longest name that a key can have", async () => {
    expect(await store.find("idp", "a".repeat(512 - "idp:".length))).toBeNull();
    expect(kv.read).toHaveBeenCalledTimes(1);
  });
});

describe("a document that does not parse", () => {
  it("is an outage of ours and never an absence, and is told of once a reading", async () => {
    kv.held.set(KEY, text({ enabeld: true }));
    expect(await outageOf(find)).toBe("trust_document_invalid");
    expect(await outageOf(find)).toBe("trust_document_invalid");
    expect(onInvalid).toHaveBeenCalledTimes(1);
    expect(onInvalid.mock.calls[0]?.[0]).toMatchObject({ key: KEY });
  });

  it("is refused as a whole: the good one before it does not stay in force", async () => {
    kv.held.set(KEY, text());
    await find();
    kv.held.set(KEY, "{");
    after(FRESH);
    expect(await outageOf(find)).toBe("trust_document_invalid");
  });

  it("is refused as a whole even where what is wrong is the spelling of a member's name", async () => {
    kv.held.set(KEY, text());
    await find();
    kv.held.set(KEY, text({ enabled: false }).replace('"enabled"', '"\\enabled"'));
    after(FRESH);
    expect(await outageOf(find)).toBe("trust_document_invalid");
    expect(onInvalid).toHaveBeenCalledTimes(1);
  });

  it("stays refused while KV does not answer", async () => {
    kv.held.set(KEY, "{");
    await outageOf(find);
    kv.isDown = true;
    after(FRESH);
    expect(await outageOf(find)).toBe("trust_document_invalid");
  });

  it("is in force again once it is mended", async () => {
    kv.held.set(KEY, "{");
    await outageOf(find);
    kv.held.set(KEY, text());
    after(FRESH);
    expect(await find()).toMatchObject({ document: { issuer: IDP } });
  });

  it("does no harm to another", async () => {
    kv.held.set(KEY, "{");
    kv.held.set("client:agent", JSON.stringify(clientDocument()));
    await outageOf(find);
    expect(await store.find("client", "agent")).toMatchObject({ document: { client_id: "agent" } });
  });
});

describe("an outage of KV", () => {
  it("is an outage for what was never read", async () => {
    kv.isDown = true;
    expect(await outageOf(find)).toBe("trust_unavailable");
  });

  it("is an outage and no absence for what was absent before", async () => {
    await find();
    kv.isDown = true;
    after(FRESH);
    expect(await outageOf(find)).toBe("trust_unavailable");
  });

  it("leaves the last-known-good document in force for a bounded time, and then nothing", async () => {
    kv.held.set(KEY, text());
    const good = await find();
    kv.isDown = true;
    after(STALE - 1);
    expect((await find())?.document).toBe(good?.document);
    after(1);
    expect(await outageOf(find)).toBe("trust_unavailable");
  });

  it("does not make a copy younger by using it", async () => {
    kv.held.set(KEY, text());
    await find();
    kv.isDown = true;
    for (let hour = 1; hour < 3; hour += 1) {
      after(3600);
      expect(await find()).not.toBeNull();
    }
    after(3600);
    expect(await outageOf(find)).toBe("trust_unavailable");
  });

  it("ends soon after KV answers again: one in a while finds out", async () => {
    kv.held.set(KEY, text());
    await find();
    kv.isDown = true;
    after(FRESH);
    await find();
    kv.isDown = false;
    kv.held.set(KEY, text({ enabled: false }));
    expect((await find())?.document.enabled).toBe(true);
    after(LIMITS.trustRetrySeconds);
    expect((await find())?.document.enabled).toBe(false);
  });
});

describe("a last-known-good copy, while KV does not answer", () => {
  const down = async (): Promise<never> => {
    throw new Error("KV GET failed: 500");
  };

  function recalling(copy: () => string) {
    const known = new TrustStore({
      readText: down,
      readLastKnownGood: async () => copy(),
      rules: RULES,
      onInvalid,
    });
    return () => known.find("idp", IDP);
  }

  it("keeps its parsed value while its text is the same, and has another with another text", async () => {
    let copy = text();
    const recall = recalling(() => copy);
    const first = await recall();
    after(LIMITS.trustRetrySeconds);
    expect((await recall())?.document).toBe(first?.document);
    copy = text({ enabled: false });
    after(LIMITS.trustRetrySeconds);
    expect((await recall())?.document.enabled).toBe(false);
  });

  it("that does not parse is told of once, however long the outage", async () => {
    const recall = recalling(() => "{");
    for (let again = 0; again < 3; again += 1) {
      expect(await outageOf(recall)).toBe("trust_document_invalid");
      after(LIMITS.trustRetrySeconds);
    }
    expect(onInvalid).toHaveBeenCalledTimes(1);
  });

  it("is what this isolate had parsed before its own copy became too old", async () => {
    kv.held.set(KEY, text());
    const known = new TrustStore({
      readText: kv.read,
      readLastKnownGood: async () => text(),
      rules: RULES,
      onInvalid,
    });
    const own = await known.find("idp", IDP);
    kv.isDown = true;
    after(STALE);
    expect((await known.find("idp", IDP))?.document).toBe(own?.document);
  });
});

describe("the caches", () => {
  it("let no million unknown names displace a known one", async () => {
    kv.held.set(KEY, text());
    await find();
    for (let index = 0; index <= LIMITS.trustDocumentsCached; index += 1) {
      await store.find("idp", `https://unknown-${index}.example`);
    }
    kv.isDown = true;
    expect(await find()).not.toBeNull();
  });

  it("forget the oldest absence, and only that, when there are too many", async () => {
    for (let index = 0; index <= LIMITS.trustDocumentsCached; index += 1) {
      await store.find("idp", `https://unknown-${index}.example`);
    }
    kv.read.mockClear();
    await store.find("idp", "https://unknown-1.example");
    expect(kv.read).not.toHaveBeenCalled();
    await store.find("idp", "https://unknown-0.example");
    expect(kv.read).toHaveBeenCalledTimes(1);
  });

  it("forget the document read longest ago, and only that, when there are too many", async () => {
    const nameOf = (index: number): string => `agent-${index}`;
    for (let index = 0; index <= LIMITS.trustDocumentsCached; index += 1) {
      kv.held.set(`client:${nameOf(index)}`, JSON.stringify(clientDocument({ client_id: nameOf(index) })));
      await store.find("client", nameOf(index));
    }
    kv.isDown = true;
    expect(await store.find("client", nameOf(1))).not.toBeNull();
    expect(await outageOf(() => store.find("client", nameOf(0)))).toBe("trust_unavailable");
  });
});

describe("a change", () => {
  const changes: NoticedChange[] = [];

  beforeEach(() => {
    changes.length = 0;
    store = new TrustStore({ readText: kv.read, rules: RULES, onInvalid, onChange: (one) => void changes.push(one) });
  });

  async function readAfter(edited: string | null): Promise<void> {
    if (edited === null) kv.held.delete(KEY);
    else kv.held.set(KEY, edited);
    after(FRESH + 1);
    await find().catch(() => null);
  }

  it("is noticed once, with the revision before and the one after, by whatever road it came", async () => {
    await readAfter(text());
    const before = (await find())?.revision;
    await readAfter(text({ name: "Other" }));
    await readAfter(text({ name: "Other" }));
    expect(changes).toEqual([{ key: KEY, before, after: (await find())?.revision }]);
  });

  it("to what does not parse, and back, is one as well", async () => {
    await readAfter(text());
    await readAfter("{");
    await readAfter(text());
    expect(changes.map(({ before }) => before)).toEqual([changes[1]?.after, changes[0]?.after]);
  });

  it("is also that it is gone; that it appears to an isolate that never had it is none", async () => {
    await readAfter(text());
    await readAfter(null);
    await readAfter(text());
    expect(changes).toEqual([{ key: KEY, before: (await find())?.revision, after: null }]);
  });
});

describe("a document that is known to have been replaced", () => {
  const replaced = (current: string | null) => {
    const dead = new Set<string>();
    const readCurrent = vi.fn(async (): Promise<string | null> => current);
    const isReplaced = (_kind: string, revision: string): boolean => dead.has(revision);
    const known = new TrustStore({ readText: kv.read, readCurrent, isReplaced, rules: RULES, onInvalid });
    return { dead, readCurrent, known, find: () => known.find("idp", IDP) };
  };

  it("is read where edits are made, once, and KV's old text does not come back while the edit spreads", async () => {
    kv.held.set(KEY, text());
    const { dead, readCurrent, find: findIn } = replaced(text({ enabled: false }));
    dead.add((await findIn())?.revision ?? "");
    for (let second = 0; second < LIMITS.trustSpreadSeconds + FRESH - 1; second += 10) {
      expect((await findIn())?.document.enabled).toBe(false);
      after(10);
    }
    expect(readCurrent).toHaveBeenCalledTimes(1);
    after(FRESH);
    expect((await findIn())?.document.enabled).toBe(false);
    expect(readCurrent).toHaveBeenCalledTimes(2);
  });

  it("is gone where it was removed, for as long", async () => {
    kv.held.set(KEY, text());
    const { dead, find: findIn } = replaced(null);
    dead.add((await findIn())?.revision ?? "");
    expect(await findIn()).toBeNull();
    after(LIMITS.trustSpreadSeconds);
    expect(await findIn()).toBeNull();
  });

  it("governs nothing, and nothing else does, where that place does not answer", async () => {
    kv.held.set(KEY, text());
    const { dead, readCurrent, find: findIn } = replaced(null);
    dead.add((await findIn())?.revision ?? "");
    readCurrent.mockRejectedValue(new Error("down"));
    expect(await outageOf(findIn)).toBe("trust_unavailable");
  });
});
