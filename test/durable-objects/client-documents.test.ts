import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ClientDocumentAnswer, ClientDocumentRequest } from "../../durable-objects/client-document-set.ts";
import { ClientDocuments } from "../../durable-objects/client-documents.ts";
import { Outage } from "../../src/audit/reason.ts";
import { LIMITS } from "../../src/limits.ts";
import type { ClientMetadata } from "../../src/trust/client-metadata.ts";

const RULES = { ownHost: "crossgate.example", allowsLoopback: false };
const START = Date.UTC(2031, 0, 1);
const CLIENT_ID = "https://agents.example/client.json";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(START);
});

afterEach(() => void vi.useRealTimers());

function metadataWith(kid: string): ClientMetadata {
  const key = { kid, kty: "EC", crv: "P-256", alg: null, material: { kty: "EC" } } as const;
  return { algorithm: null, keySource: { kind: "inline", keys: [key] } };
}

function found(kid: string, freshSeconds = 300): ClientDocumentAnswer {
  return { outcome: "found", metadata: metadataWith(kid), freshUntilMilliseconds: Date.now() + freshSeconds * 1000 };
}

/** One isolate, and an owner of which a test says what it knows. */
function makeIsolate(answer: (owner: string, request: ClientDocumentRequest) => Promise<ClientDocumentAnswer>) {
  const find = vi.fn(answer);
  const namespace = { getByName: (owner: string) => ({ find: (request: never) => find(owner, request) }) };
  return { documents: new ClientDocuments(namespace as never, RULES), find };
}

async function outageOf(work: Promise<unknown>): Promise<string> {
  try {
    return `no outage: ${JSON.stringify(await work)}`;
  } catch (error) {
    if (error instanceof Outage) return error.reason;
    throw error;
  }
}

describe("an isolate's copy of a client's document", () => {
  it("comes from the owner of its origin, and is used while it is fresh", async () => {
    const { documents, find } = makeIsolate(async () => found("first"));
    await documents.find(CLIENT_ID, null);
    expect(find).toHaveBeenCalledExactlyOnceWith("https://agents.example", {
      clientId: CLIENT_ID,
      wantedKeyId: null,
      rules: RULES,
    });
    vi.setSystemTime(START + 299_999);
    await documents.find(CLIENT_ID, "first");
    expect(find).toHaveBeenCalledTimes(1);
    vi.setSystemTime(START + 300_000);
    await documents.find(CLIENT_ID, "first");
    expect(find).toHaveBeenCalledTimes(2);
  });

  it("that lacks a key is not the last word", async () => {
    const { documents, find } = makeIsolate(async () => found("first"));
    await documents.find(CLIENT_ID, null);
    await documents.find(CLIENT_ID, "second");
    expect(find).toHaveBeenLastCalledWith("https://agents.example", {
      clientId: CLIENT_ID,
      wantedKeyId: "second",
      rules: RULES,
    });
  });

  it("stays the same object while nothing changes, so that its keys are imported once", async () => {
    const { documents } = makeIsolate(async () => found("first"));
    const before = await documents.find(CLIENT_ID, null);
    vi.setSystemTime(START + 300_000);
    expect(await documents.find(CLIENT_ID, null)).toBe(before);
  });

  it("is dropped when the owner has found it spoilt", async () => {
    const answers = [found("first"), { outcome: "invalid" } as const, { outcome: "unavailable" } as const];
    const { documents } = makeIsolate(async () => answers.shift() ?? found("never"));
    await documents.find(CLIENT_ID, null);
    expect(await documents.find(CLIENT_ID, "second")).toBeNull();
    expect(await outageOf(documents.find(CLIENT_ID, null))).toBe("client_metadata_unavailable");
  });

  it.each([
    ["the owner does not know", async () => ({ outcome: "unavailable" }) as const],
    ["the owner does not answer", () => Promise.reject(new Error("unreachable"))],
  ])("is an outage when %s, and not remembered as one", async (_name, answer) => {
    const { documents, find } = makeIsolate(answer);
    expect(await outageOf(documents.find(CLIENT_ID, null))).toBe("client_metadata_unavailable");
    find.mockImplementation(async () => found("first"));
    expect(await documents.find(CLIENT_ID, null)).toMatchObject({ keySource: { kind: "inline" } });
  });

  it("is one of a bounded number", async () => {
    const { documents, find } = makeIsolate(async () => found("first"));
    const ids = Array.from({ length: LIMITS.clientMetadataCached + 1 }, (_, at) => `https://agents.example/${at}`);
    for (const id of ids) await documents.find(id, null);
    find.mockClear();
    for (const id of ids.slice(1).toReversed()) await documents.find(id, null);
    expect(find).not.toHaveBeenCalled();
    await documents.find(ids[0] ?? "", null);
    expect(find).toHaveBeenCalledTimes(1);
  });
});
