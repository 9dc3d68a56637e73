import { afterEach, describe, expect, it, vi } from "vitest";
import { openEgress } from "../../src/egress/exchange.ts";

const RULES = { ownHost: "crossgate.example", allowsLoopback: false };
const REQUEST = {
  url: "https://as.example.net/token",
  method: "POST",
  headers: { authorization: "Basic secret" },
  body: "a=b",
  maximumBytes: 16,
  milliseconds: 1_000,
} as const;

afterEach(() => vi.restoreAllMocks());

function answer(response: Response) {
  return vi.spyOn(globalThis, "fetch").mockResolvedValue(response);
}

const exchange = (
  changes: Partial<Omit<typeof REQUEST, "url" | "maximumBytes">> & { url?: string; maximumBytes?: number } = {},
) => openEgress(RULES).exchange({ ...REQUEST, ...changes });

describe("an exchange of texts", () => {
  it("gives status, headers and text of any answer that is none of a redirect", async () => {
    const spy = answer(new Response("no", { status: 400, headers: { "x-a": "b" } }));
    const { status, headers, text } = await exchange();
    expect([status, headers.get("x-a"), text]).toEqual([400, "b", "no"]);
    expect(spy.mock.calls[0]?.[1]).toMatchObject({
      method: "POST",
      body: "a=b",
      redirect: "manual",
      cache: "no-store",
    });
  });

  it.each([301, 302, 303, 307, 308])("takes no secret along to where a %i points", async (status) => {
    const spy = answer(new Response(null, { status, headers: { location: "https://evil.example/" } }));
    await expect(exchange()).rejects.toMatchObject({ flaw: "redirect" });
    expect(spy).toHaveBeenCalledOnce();
  });

  it.each(["http://as.example.net/token", "https://169.254.169.254/token", "https://crossgate.example/token"])(
    "does not contact %s",
    async (url) => {
      const spy = answer(new Response("{}"));
      await expect(exchange({ url })).rejects.toMatchObject({ flaw: "url" });
      expect(spy).not.toHaveBeenCalled();
    },
  );

  it("stops reading past its bound", async () => {
    answer(new Response("x".repeat(17)));
    await expect(exchange()).rejects.toMatchObject({ flaw: "too_large" });
  });

  it("reads nothing of a body that nobody wants, however long it is", async () => {
    const cancel = vi.fn<() => void>();
    answer(new Response(new ReadableStream({ cancel }), { status: 401 }));
    expect(await exchange({ maximumBytes: 0 })).toMatchObject({ status: 401, text: "" });
    expect(cancel).toHaveBeenCalledOnce();
  });

  it("says that it could not reach anybody, and not why", async () => {
    vi.spyOn(globalThis, "fetch").mockRejectedValue(new TypeError("ECONNREFUSED 10.0.0.1"));
    const error = await exchange().catch((caught: unknown) => caught);
    expect(error).toMatchObject({ flaw: "unreachable", message: "unreachable" });
  });
});
