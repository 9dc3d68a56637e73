import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { decodeFormComponent, parseForm, readForm } from "../../src/token-endpoint/form.ts";
import { reasonOf } from "../support/redemption.ts";

const FORM = "application/x-www-form-urlencoded";

function post(body: BodyInit | null, contentType: string | null = FORM, headers: Record<string, string> = {}): Request {
  const request = new Request("https://crossgate.example/token", { method: "POST", body, headers });
  if (contentType === null) request.headers.delete("content-type");
  else request.headers.set("content-type", contentType);
  return request;
}

/** A body of this many bytes that comes in pieces and says nothing about its length. */
function stream(bytes: number, pulled: { bytes: number } = { bytes: 0 }): ReadableStream<Uint8Array> {
  const piece = new TextEncoder().encode("a".repeat(1024));
  return new ReadableStream(
    {
      pull(controller) {
        if (pulled.bytes >= bytes) return controller.close();
        const rest = piece.subarray(0, Math.min(piece.length, bytes - pulled.bytes));
        pulled.bytes += rest.length;
        controller.enqueue(rest);
      },
    },
    { highWaterMark: 0 },
  );
}

describe("media type", () => {
  it.each([
    FORM,
    `${FORM};charset=UTF-8`,
    `${FORM}; charset=utf-8`,
    `${FORM} ; charset="utf-8"`,
    "Application/X-WWW-Form-URLEncoded",
  ])("%s is a form", async (contentType) => {
    expect(await reasonOf(() => readForm(post("a=b", contentType)))).toBe("accepted");
  });

  // F09: what another parser takes for a form, or for something else.
  it.each([
    null,
    "",
    "application/json",
    "multipart/form-data; boundary=x",
    "text/plain",
    `${FORM}; charset=utf-16`,
    `${FORM}; charset=utf-8; charset=utf-7`,
    `${FORM}, application/json`,
    `${FORM}/`,
    `x${FORM}`,
  ])("%s is none [GHSA-2234-fmw7-43wr]", async (contentType) => {
    expect(await reasonOf(() => readForm(post("a=b", contentType)))).toBe("media_type_not_form");
  });
});

describe("size", () => {
  it.each([
    ["as long as it may be", LIMITS.requestBodyBytes, "accepted"],
    ["one byte longer", LIMITS.requestBodyBytes + 1, "body_too_large"],
  ])("of a body %s: %i bytes", async (_name, bytes, verdict) => {
    expect(await reasonOf(() => readForm(post("a".repeat(bytes))))).toBe(verdict);
    expect(await reasonOf(() => readForm(post(stream(bytes))))).toBe(verdict);
  });

  it("that is declared too large is refused unread", async () => {
    const pulled = { bytes: 0 };
    const declared = { "content-length": String(LIMITS.requestBodyBytes + 1) };
    expect(await reasonOf(() => readForm(post(stream(10, pulled), FORM, declared)))).toBe("body_too_large");
    expect(pulled.bytes).toBe(0);
  });

  // A body without an end must not be read to its end.
  it("that is not declared is read no further than the bound", async () => {
    const pulled = { bytes: 0 };
    expect(await reasonOf(() => readForm(post(stream(100 * LIMITS.requestBodyBytes, pulled))))).toBe("body_too_large");
    expect(pulled.bytes).toBeLessThan(2 * LIMITS.requestBodyBytes);
  });

  it("of nothing is an empty form", async () => {
    expect([...(await readForm(post(null)))]).toEqual([]);
    expect([...(await readForm(post("")))]).toEqual([]);
  });

  it("of a body that breaks off is no fault of ours", async () => {
    const broken = new ReadableStream({ pull: (controller) => controller.error(new Error("client gone")) });
    expect(await reasonOf(() => readForm(post(broken)))).toBe("form_malformed");
  });
});

describe("bytes", () => {
  it.each([
    ["a control character", "a=\u0000"],
    ["a line feed", "a=b\n"],
    ["DEL", "a=\u007f"],
    ["UTF-8 that is not percent-encoded", "a=é"],
  ])("%s are no form", async (_name, body) => {
    expect(await reasonOf(() => readForm(post(body)))).toBe("form_malformed");
  });

  it("a byte order mark is no form", async () => {
    expect(await reasonOf(() => readForm(post(new Uint8Array([0xef, 0xbb, 0xbf, 0x61]))))).toBe("form_malformed");
  });
});

describe("parseForm", () => {
  it.each<[body: string, form: Readonly<Record<string, string>>]>([
    ["a=1&b=2", { a: "1", b: "2" }],
    ["a=1&&b=2&", { a: "1", b: "2" }],
    ["a=b=c", { a: "b=c" }],
    ["a=%26%3D%25", { a: "&=%" }],
    ["a=one+two%20three%2B", { a: "one two three+" }],
    ["a=%E2%82%AC", { a: "€" }],
    ["%61=1", { a: "1" }],
    ["__proto__=1&constructor=2", { ["__proto__"]: "1", constructor: "2" }],
    // RFC 6749 §3.1: a parameter without a value counts as absent.
    ["a=&b&c=3", { c: "3" }],
    ["", {}],
  ])("%s", (body, form) => {
    expect([...parseForm(body)]).toEqual(Object.entries(form));
  });

  // F03, RFC 6749 §3.2: the first and the last of two are what two parsers see.
  it.each(["a=1&a=2", "a=1&a=1", "a=&a=1", "a&a", "a=1&%61=2", "x=1&a=1&y=2&a=3", "%E2%82%AC=1&%e2%82%ac=2"])(
    "refuses a parameter twice: %s",
    async (body) => {
      expect(await reasonOf(() => parseForm(body))).toBe("parameter_repeated");
    },
  );

  // URLSearchParams would repair each of these without a word.
  it.each(["a=%", "a=%4", "a=%zz", "%=1", "a=%ff", "a=%c0%80", "a=%ed%a0%80", "a=%f5%80%80%80"])(
    "refuses what it would have to repair: %s",
    async (body) => {
      expect(await reasonOf(() => parseForm(body))).toBe("form_malformed");
      const components = body.split("=").map(decodeFormComponent);
      expect(components).toContain(null);
    },
  );

  it.each([
    [LIMITS.formParameters, "accepted"],
    [LIMITS.formParameters + 1, "form_malformed"],
  ])("takes %i parameters: %s", async (count, verdict) => {
    const body = Array.from({ length: count }, (_, at) => `p${at}=1`).join("&");
    expect(await reasonOf(() => parseForm(body))).toBe(verdict);
  });
});
