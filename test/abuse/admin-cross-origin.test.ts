import { describe, expect, it } from "vitest";
import { TestAdmin } from "../support/admin.ts";

/** K06: a page leads a browser to us, with whatever sign-in the browser has; MCP servers share our origin. */
const PATH = "/admin/v1/openapi.json";

describe("a request that a page made", () => {
  it.each([
    { origin: "https://evil.example" },
    { origin: "null" },
    { origin: "http://127.0.0.1:8787" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { "sec-fetch-site": "same-origin" },
  ])("%j is refused, and answered to no page", async (headers) => {
    const admin = await TestAdmin.appoint("operator");
    const answer = await admin.call(PATH, { headers });
    expect(answer).toMatchObject({ status: 403, body: { reason: "admin_cross_origin" } });
    expect([...answer.headers.keys()].filter((name) => name.startsWith("access-control-"))).toEqual([]);
    expect((await admin.record()).map(({ reason }) => reason)).toEqual(["admin_cross_origin"]);
  });
});
