import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { FetchFailed, fetchText, readAtMost, readBody } from "../../src/egress/bounded-fetch.ts";

const URL_OF_KEYS = "https://idp.example.com/jwks";
const BOUNDS = { bytes: 100, milliseconds: 60_000, rules: { ownHost: "mcp.example.com", allowsLoopback: false } };
const encoder = new TextEncoder();

const fetched = vi.fn<typeof fetch>();

beforeEach(() => {
  fetched.mockReset();
  vi.stubGlobal("fetch", fetched);
});

afterEach(() => {
  vi.unstubAllGlobals();
});

async function flawOf(answer: () => Response | Promise<Response>, url = URL_OF_KEYS): Promise<string> {
  fetched.mockImplementation(async () => answer());
  try {
    return `read ${await fetchText(url, BOUNDS)}`;
  } catch (error) {
    if (error instanceof FetchFailed) return error.flaw;
    throw error;
  }
}

/** A body that tells how much of it was asked for. */
function endless(): { readonly body: ReadableStream<Uint8Array>; readonly given: () => number } {
  let given = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      given += 1;
      controller.enqueue(new Uint8Array(40));
    },
  });
  return { body, given: () => given };
}

describe("fetchText", () => {
  it("reads what is there, without a redirect, without a cache, and before a deadline", async () => {
    const timeout = vi.spyOn(AbortSignal, "timeout");
    onTestFinished(() => timeout.mockRestore());
    expect(await flawOf(() => new Response("{}"))).toBe("read {}");
    expect(timeout).toHaveBeenCalledExactlyOnceWith(BOUNDS.milliseconds);
    expect(fetched).toHaveBeenCalledExactlyOnceWith(
      URL_OF_KEYS,
      expect.objectContaining({ redirect: "manual", cache: "no-store", signal: expect.any(AbortSignal) }),
    );
  });

  it.each([301, 302, 303, 307, 308])("follows no redirect (%i) [CVE-2026-4366]", async (status) => {
    const location = { location: "https://169.254.169.254/" };
    expect(await flawOf(() => new Response(null, { status, headers: location }))).toBe("redirect");
    expect(fetched).toHaveBeenCalledTimes(1);
  });

  it.each([201, 204, 206, 400, 401, 404, 429, 500, 503])("reads nothing of an answer of %i", async (status) => {
    expect(await flawOf(() => new Response(status === 204 ? null : "{}", { status }))).toBe("status");
  });

  it.each([
    "http://idp.example.com/jwks",
    "https://127.0.0.1/jwks",
    "https://mcp.example.com/jwks",
    "https://metadata.google.internal/",
  ])("contacts nobody for %s", async (url) => {
    expect(await flawOf(() => new Response("{}"), url)).toBe("url");
    expect(fetched).not.toHaveBeenCalled();
  });

  it("tells no more than that nobody answered", async () => {
    expect(await flawOf(() => Promise.reject(new TypeError("secret detail of the network")))).toBe("unreachable");
  });

  it("tells the same of a body that breaks off", async () => {
    const broken = (): Response =>
      new Response(
        new ReadableStream<Uint8Array>({
          pull(controller) {
            controller.error(new TypeError("secret detail"));
          },
        }),
      );
    expect(await flawOf(broken)).toBe("unreachable");
  });

  it("reads as many bytes as there may be, and not one more", async () => {
    expect(await flawOf(() => new Response("a".repeat(100)))).toBe(`read ${"a".repeat(100)}`);
    expect(await flawOf(() => new Response("a".repeat(101)))).toBe("too_large");
    expect(await flawOf(() => new Response("é".repeat(51)))).toBe("too_large");
  });

  it("stops an endless body as soon as it is too large", async () => {
    const { body, given } = endless();
    expect(await flawOf(() => new Response(body))).toBe("too_large");
    expect(given()).toBeLessThan(10);
  });

  it.each<[string, readonly number[]]>([
    ["a byte order mark", [0xef, 0xbb, 0xbf, 0x7b, 0x7d]],
    ["invalid UTF-8", [0xff]],
  ])("reads no text with %s", async (_what, bytes) => {
    expect(await flawOf(() => new Response(Uint8Array.from(bytes)))).toBe("not_text");
  });
});

describe("readAtMost", () => {
  it("gives nothing of no body", async () => {
    expect(await readAtMost(null, 0)).toEqual(new Uint8Array());
  });

  it("puts chunks together in their order", async () => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const text of ["ab", "", "cd"]) controller.enqueue(encoder.encode(text));
        controller.close();
      },
    });
    expect(await readAtMost(body, 4)).toEqual(encoder.encode("abcd"));
  });
});

type Body = ReadableStream<Uint8Array> | null;

function sent(body: Body, statedBytes?: number): { readonly body: Body; readonly headers: Headers } {
  return { body, headers: new Headers(statedBytes === undefined ? {} : { "content-length": String(statedBytes) }) };
}

describe("readBody", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** A sender in our hands; tells whether it was told to stop. */
  function sender() {
    const { promise: stopped, resolve: stop } = Promise.withResolvers<"stopped">();
    let controller: ReadableStreamDefaultController<Uint8Array> | null = null;
    const body = new ReadableStream<Uint8Array>({
      start(begun) {
        controller = begun;
      },
      cancel: () => stop("stopped"),
    });
    const send = (text: string): void => controller?.enqueue(encoder.encode(text));
    return { body, send, end: () => controller?.close(), fail: () => controller?.error(new Error("gone")), stopped };
  }

  it("reads a body that is there in time, at the last moment too, and leaves no timer", async () => {
    const { body, send, end } = sender();
    const reading = readBody(sent(body), 10, 1000);
    send("ab");
    await vi.advanceTimersByTimeAsync(999);
    send("cd");
    end();
    expect(new TextDecoder().decode((await reading) ?? undefined)).toBe("abcd");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("reads no body at all as nothing", async () => {
    expect(await readBody(sent(null), 10, 1000)).toEqual(new Uint8Array());
  });

  it("gives up on a body that is held open, and lets go of it", async () => {
    const { body, send, stopped } = sender();
    const reading = readBody(sent(body), 10, 1000);
    const refused = expect(reading).rejects.toThrow("deadline");
    send("ab");
    await vi.advanceTimersByTimeAsync(1000);
    await refused;
    expect(await stopped).toBe("stopped");
  });

  it("gives up on a trickle, whose every byte is in time", async () => {
    const { body, send, stopped } = sender();
    const reading = readBody(sent(body), 10_000, 1000);
    const refused = expect(reading).rejects.toThrow("deadline");
    for (let at = 0; at < 10; at += 1) {
      send("a");
      await vi.advanceTimersByTimeAsync(100);
    }
    await refused;
    expect(await stopped).toBe("stopped");
  });

  it("stops a body that is too large, without waiting for its end", async () => {
    const { body, send, stopped } = sender();
    const reading = readBody(sent(body), 3, 1000);
    send("abcd");
    expect(await reading).toBeNull();
    expect(await stopped).toBe("stopped");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("fails at once with a body that breaks off", async () => {
    const { body, send, fail } = sender();
    const reading = readBody(sent(body), 10, 1000);
    const refused = expect(reading).rejects.toThrow("gone");
    send("ab");
    fail();
    await refused;
    expect(vi.getTimerCount()).toBe(0);
  });

  it("waits for no more than the length that is stated, and reads nothing where that is too large", async () => {
    const pulled = { bytes: 0 };
    const unending = (): ReadableStream<Uint8Array> =>
      new ReadableStream(
        {
          pull(controller) {
            pulled.bytes += 4;
            controller.enqueue(new Uint8Array(4));
          },
        },
        { highWaterMark: 0 },
      );
    expect(await readBody(sent(unending(), 8), 10, 1000)).toEqual(new Uint8Array(8));
    expect(pulled.bytes).toBe(8);
    expect(await readBody(sent(unending(), 11), 10, 1000)).toBeNull();
    expect(pulled.bytes).toBe(8);
  });
});
