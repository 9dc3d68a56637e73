import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import type { DocumentEdits } from "../../durable-objects/document-edits.ts";
import { revisionOf } from "../../src/trust/revision.ts";

/** KV serves what it had for a minute and more after an edit; that it does is played here, since a local one does not. */
let edits: DurableObjectStub<DocumentEdits>;
let key: string;

beforeEach(() => {
  key = `policy:${crypto.randomUUID()}`;
  edits = env.DOCUMENT_EDITS.getByName(key);
  vi.useFakeTimers({ toFake: ["Date"] });
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function serveStale(text: string | null): void {
  vi.spyOn(env.TRUST_AND_POLICY, "get").mockImplementation((async () => text) as never);
}

async function write(text: string | null, expected: string | null) {
  return edits.edit({ key, text, expected: expected === null ? null : await revisionOf(expected) });
}

describe("the edits of one document", () => {
  it("replace the revision that they mean, and no other", async () => {
    expect(await write("a", null)).toBe("edited");
    expect(await write("b", null)).toBe("mismatch");
    expect(await write("b", "a")).toBe("edited");
    expect(await write(null, "a")).toBe("mismatch");
    expect(await write(null, "b")).toBe("edited");
    expect(await env.TRUST_AND_POLICY.get(key)).toBeNull();
  });

  it("see one another while KV still serves the text before", async () => {
    await env.TRUST_AND_POLICY.put(key, "a");
    await write("b", "a");
    serveStale("a");
    expect(await edits.read(key)).toEqual({ text: "b", revision: await revisionOf("b") });
    expect(await write("c", "a")).toBe("mismatch");
    expect(await write("c", "b")).toBe("edited");
    expect(await edits.read(key)).toMatchObject({ text: "c" });
  });

  it("see a document as made, or as gone, while KV says otherwise", async () => {
    await write("a", null);
    serveStale(null);
    expect(await edits.read(key)).toMatchObject({ text: "a" });
    expect(await write(null, "a")).toBe("edited");
    serveStale("a");
    expect(await edits.read(key)).toBeNull();
  });

  it("give way to a hand edit as soon as KV shows it", async () => {
    await write("a", null);
    await write("b", "a");
    await env.TRUST_AND_POLICY.put(key, "by hand");
    expect(await edits.read(key)).toMatchObject({ text: "by hand" });
    expect(await write("c", "b")).toBe("mismatch");
  });

  it("believe KV again after it has had its time, even where somebody put an old text back", async () => {
    await write("a", null);
    await write("b", "a");
    await env.TRUST_AND_POLICY.put(key, "a");
    vi.setSystemTime(Date.now() + LIMITS.documentReplacedSeconds * 1000 + 1);
    expect(await edits.read(key)).toMatchObject({ text: "a" });
  });

  it("are none where KV does not answer", async () => {
    await write("a", null);
    vi.spyOn(env.TRUST_AND_POLICY, "put").mockRejectedValue(new Error("down"));
    expect(await write("b", "a")).toBe("unavailable");
    vi.restoreAllMocks();
    expect(await edits.read(key)).toMatchObject({ text: "a" });
    vi.spyOn(env.TRUST_AND_POLICY, "get").mockRejectedValue(new Error("down"));
    expect(await edits.read(key)).toBe("unavailable");
  });
});
