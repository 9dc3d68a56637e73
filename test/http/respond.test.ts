import { describe, expect, it } from "vitest";
import { respondHtml, respondJson } from "../../src/http/respond.ts";

const HARDENED = {
  "cache-control": "no-store",
  pragma: "no-cache",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
};

describe.each([
  ["respondJson", () => respondJson(200, { a: 1 }), "application/json", '{"a":1}'],
  ["respondHtml", () => respondHtml(400, "<p>x</p>"), "text/html; charset=utf-8", "<p>x</p>"],
] as const)("%s", (_name, respond, contentType, text) => {
  // F12: nothing is kept by anyone unless somebody says so.
  it("is hardened, and may be kept by nobody", async () => {
    const response = respond();
    expect(Object.fromEntries(response.headers)).toEqual({ ...HARDENED, "content-type": contentType });
    expect(await response.text()).toBe(text);
  });
});

describe("headers of one's own", () => {
  it("replace those of the same name, and leave the others", () => {
    const { headers } = respondJson(200, {}, { "cache-control": "public, max-age=300", "x-own": "1" });
    expect(Object.fromEntries(headers)).toMatchObject({
      ...HARDENED,
      "cache-control": "public, max-age=300",
      "x-own": "1",
    });
  });
});
