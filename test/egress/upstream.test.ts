import { afterEach, describe, expect, it, vi } from "vitest";
import { openUpstream, type UpstreamRequest } from "../../src/egress/upstream.ts";

const URL_OF_UPSTREAM = "https://files.example.net/mcp";

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function upstreamRequest(changes: Partial<UpstreamRequest> = {}): UpstreamRequest {
  return {
    method: "POST",
    headers: new Headers({ accept: "application/json" }),
    body: "{}",
    clientSignal: new AbortController().signal,
    answerWithinMilliseconds: 1_000,
    endsAtMilliseconds: null,
    ...changes,
  };
}

/** Answers when the test says so; rejects when it is aborted, as fetch does. */
function stubFetch() {
  let answer: (response: Response) => void = () => undefined;
  const spy = vi.spyOn(globalThis, "fetch").mockImplementation((_input, init) => {
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    answer = resolve;
    init?.signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
    return promise;
  });
  const signal = (): AbortSignal | null | undefined => spy.mock.calls[0]?.[1]?.signal;
  return { spy, signal, answer: (response: Response) => answer(response) };
}

describe("opening an upstream", () => {
  it("asks once, follows no redirect and keeps nothing [MCPT-32]", async () => {
    const { spy, answer } = stubFetch();
    const opened = openUpstream(URL_OF_UPSTREAM, upstreamRequest());
    const redirect = new Response(null, { status: 302, headers: { location: "https://evil.example" } });
    answer(redirect);
    expect(await opened).toBe(redirect);
    expect(spy).toHaveBeenCalledOnce();
    expect(spy.mock.calls[0]?.[0]).toBe(URL_OF_UPSTREAM);
    expect(spy.mock.calls[0]?.[1]).toMatchObject({ method: "POST", body: "{}", redirect: "manual", cache: "no-store" });
  });

  it("is null when the connection fails", async () => {
    vi.spyOn(globalThis, "fetch").mockRejectedValue(new TypeError("refused"));
    expect(await openUpstream(URL_OF_UPSTREAM, upstreamRequest())).toBeNull();
  });

  it("is not tried for a client that has gone", async () => {
    const { spy } = stubFetch();
    expect(await openUpstream(URL_OF_UPSTREAM, upstreamRequest({ clientSignal: AbortSignal.abort() }))).toBeNull();
    expect(spy).not.toHaveBeenCalled();
  });
});

describe("hanging up", () => {
  it("reaches the upstream before it has answered", async () => {
    const { signal } = stubFetch();
    const client = new AbortController();
    const opened = openUpstream(URL_OF_UPSTREAM, upstreamRequest({ clientSignal: client.signal }));
    expect(signal()?.aborted).toBe(false);
    client.abort();
    expect(await opened).toBeNull();
    expect(signal()?.aborted).toBe(true);
  });

  it("reaches the upstream while it streams", async () => {
    const { signal, answer } = stubFetch();
    const client = new AbortController();
    const opened = openUpstream(URL_OF_UPSTREAM, upstreamRequest({ clientSignal: client.signal }));
    answer(new Response("data: 1\n\n"));
    await opened;
    expect(signal()?.aborted).toBe(false);
    client.abort();
    expect(signal()?.aborted).toBe(true);
  });
});

describe("time", () => {
  it("runs out for an upstream that does not answer [MCPT-38]", async () => {
    vi.useFakeTimers();
    const { signal } = stubFetch();
    const opened = openUpstream(URL_OF_UPSTREAM, upstreamRequest());
    await vi.advanceTimersByTimeAsync(999);
    expect(signal()?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await opened).toBeNull();
  });

  it("does not run out for one that has answered and streams", async () => {
    vi.useFakeTimers();
    const { signal, answer } = stubFetch();
    const opened = openUpstream(URL_OF_UPSTREAM, upstreamRequest());
    answer(new Response("data: 1\n\n"));
    await opened;
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(signal()?.aborted).toBe(false);
  });

  it.each([
    ["at the second it is told", 60_000],
    ["at once, when that is past", -5_000],
  ])("ends a stream in good order %s, and lets its upstream go", async (_name, endsIn) => {
    vi.useFakeTimers();
    const { answer } = stubFetch();
    const opened = openUpstream(URL_OF_UPSTREAM, upstreamRequest({ endsAtMilliseconds: Date.now() + endsIn }));
    const cancelled = vi.fn<() => void>();
    const endless = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode("data: 1\n\n")),
      cancel: cancelled,
    });
    answer(new Response(endless, { status: 203, headers: { "content-type": "text/event-stream" } }));
    const response = await opened;
    expect([response?.status, response?.headers.get("content-type")]).toEqual([203, "text/event-stream"]);
    const reading = response?.text();
    await vi.advanceTimersByTimeAsync(Math.max(0, endsIn - 1));
    expect(cancelled).toHaveBeenCalledTimes(endsIn < 0 ? 1 : 0);
    await vi.advanceTimersByTimeAsync(1);
    expect(cancelled).toHaveBeenCalledOnce();
    expect(endsIn < 0 ? "data: 1\n\n" : await reading).toBe("data: 1\n\n");
  });

  it("is no matter for an answer without a body", async () => {
    const { answer } = stubFetch();
    const opened = openUpstream(URL_OF_UPSTREAM, upstreamRequest({ endsAtMilliseconds: Date.now() + 60_000 }));
    answer(new Response(null, { status: 405 }));
    const response = await opened;
    expect([response?.status, response?.body]).toEqual([405, null]);
  });
});
