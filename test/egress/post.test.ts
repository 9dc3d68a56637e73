import { afterEach, describe, expect, it, vi } from "vitest";
import { FetchFailed } from "../../src/egress/bounded-fetch.ts";
import { post, PostRefused } from "../../src/egress/post.ts";

const RULES = { ownHost: "crossgate.example", allowsLoopback: false };
const BOUNDS = { bytes: 64, milliseconds: 1000, rules: RULES };
const MESSAGE = { headers: { "content-type": "application/json" }, body: "{}" };
const URL_OF_RECEIVER = "https://siem.example.net/x";

function answerWith(answer: (signal: AbortSignal | null | undefined) => Promise<Response>) {
  return vi.spyOn(globalThis, "fetch").mockImplementation((_input, init) => answer(init?.signal));
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("a message to an address that a person wrote down", () => {
  it("is posted as it is, and its answer read", async () => {
    const fetched = answerWith(async () => new Response("taken"));
    expect(await post(URL_OF_RECEIVER, MESSAGE, BOUNDS)).toEqual({ text: "taken" });
    expect(fetched.mock.calls[0]).toMatchObject([URL_OF_RECEIVER, { method: "POST", redirect: "manual", ...MESSAGE }]);
  });

  it.each([
    "http://siem.example.net/",
    "https://10.0.0.1/",
    "https://crossgate.example/",
    "https://metadata.internal/",
  ])("is not posted to %s", async (url) => {
    const fetched = answerWith(async () => new Response("taken"));
    await expect(post(url, MESSAGE, BOUNDS)).rejects.toMatchObject({ flaw: "url" });
    expect(fetched).not.toHaveBeenCalled();
  });

  it.each([
    [301, "redirect"],
    [400, "status"],
    [503, "status"],
  ])("that is answered with %i was not taken", async (status, flaw) => {
    answerWith(async () => new Response(null, { status, headers: { location: "https://elsewhere.example.net" } }));
    await expect(post(URL_OF_RECEIVER, MESSAGE, BOUNDS)).rejects.toMatchObject({
      flaw,
      status,
      retryAfterSeconds: null,
    });
  });

  it.each([
    ["7", 7],
    ["Wed, 21 Oct 2026 07:28:00 GMT", null],
    ["-1", null],
    ["1e9", null],
    ["9999999", null],
  ])("hears how long to wait from %s", async (value, seconds) => {
    answerWith(async () => new Response(null, { status: 429, headers: { "retry-after": value } }));
    const refused = await post(URL_OF_RECEIVER, MESSAGE, BOUNDS).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(PostRefused);
    expect((refused as PostRefused).retryAfterSeconds).toBe(seconds);
  });

  it("is taken however much its receiver has to say, of which no more is read than a little", async () => {
    let pulled = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(32));
      },
    });
    answerWith(async () => new Response(endless));
    expect(await post(URL_OF_RECEIVER, MESSAGE, BOUNDS)).toEqual({ text: "" });
    expect(pulled).toBeLessThan(10);
  });

  it("is given up when no answer comes in time, and says nothing of why", async () => {
    answerWith(
      (signal) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener("abort", () => reject(new Error("a text that quotes")));
        }),
    );
    const failed = await post(URL_OF_RECEIVER, MESSAGE, { ...BOUNDS, milliseconds: 20 }).catch(
      (error: unknown) => error,
    );
    expect(failed).toBeInstanceOf(FetchFailed);
    expect((failed as FetchFailed).message).toBe("unreachable");
  });
});
