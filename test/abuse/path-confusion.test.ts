import { describe, expect, it } from "vitest";
import { CROSSGATE, RESOURCE } from "../support/documents.ts";
import { stubUpstream, TestGateway } from "../support/gateway.ts";

/**
 * Whoever stands before the gateway judges by paths: firewall rules, caches, logs. A URL that the gateway reads as another
 * one than they do walks past them, so that one server has one spelling and every other is nobody's.
 */
const SPELLINGS = [
  "/mcp/files/",
  "/mcp/files//",
  "//mcp/files",
  "/mcp//files",
  "/mcp/./files",
  "/./mcp/files",
  "/mcp/x/../files",
  "/x/../mcp/files",
  "/../mcp/files",
  "/mcp/files/.",
  "/mcp/files/x/..",
  "/mcp/%2e/files",
  "/mcp/x/%2e%2e/files",
  "/mcp/x/.%2E/files",
  "/mcp\\files",
  "\\mcp\\files",
  "/mcp%5cfiles",
  "/mcp%2ffiles",
  "/mcp%2Ffiles",
  "/%6dcp/files",
  "/mcp/file%73",
  "/mcp/files%00",
  "/mcp/files%20",
  "/mcp/files%0a",
  "/mcp/files;",
  "/mcp/files;x=1",
  "/mcp;/files",
  "/mcp/files%3b",
  "/mcp/files%3fx",
  "/mcp/files%23",
  "/mcp/Files",
  "/MCP/files",
  "/mcp/files.json",
  "/mcp/files/sse",
  "/mcp/file",
  "/mcp",
  "/mcp/\uff46iles",
  "/mcp/fi\u200bles",
];

describe("another spelling of a server's URL", () => {
  it.each(SPELLINGS)("%s is nobody's [CVE-2026-47676, GHSA-q5qw-h33p-qvwr]", async (path) => {
    const upstream = stubUpstream();
    const gateway = await TestGateway.start();
    const response = await gateway.respond({ rawUrl: `${CROSSGATE}${path}` });
    expect(response).toBeNull();
    expect([upstream.sent, gateway.events, gateway.counted]).toEqual([[], [], []]);
  });
});

describe("another origin", () => {
  it.each([
    "http://crossgate.example/mcp/files",
    "https://crossgate.example:8443/mcp/files",
    "https://evil.example/mcp/files",
    "https://crossgate.example.evil.example/mcp/files",
    "https://crossgate.example./mcp/files",
    "https://xn--crossgate-.example/mcp/files",
  ])("%s is nobody's", async (rawUrl) => {
    const upstream = stubUpstream();
    const gateway = await TestGateway.start();
    expect(await gateway.respond({ rawUrl })).toBeNull();
    expect(upstream.sent).toEqual([]);
  });
});

describe("what is the same URL", () => {
  it.each([
    ["exactly", RESOURCE],
    ["with a query, which names no other resource and goes no further", `${RESOURCE}?trace=/../x`],
    ["with an empty query", `${RESOURCE}?`],
    ["with its host in capitals (RFC 9110 §4.2.3)", RESOURCE.replace("crossgate", "CROSSGATE")],
    ["with the port that goes without saying", RESOURCE.replace("example/", "example:443/")],
  ])("%s", async (_name, rawUrl) => {
    const upstream = stubUpstream();
    const gateway = await TestGateway.start();
    expect((await gateway.call({ rawUrl })).status).toBe(200);
    expect(upstream.sent.map(({ url }) => url)).toEqual(["https://files.example.net/mcp"]);
  });
});

it("a path resolved by the runtime leads to that path's server, with that server's audience", async () => {
  const upstream = stubUpstream();
  const payroll = { resource: `${CROSSGATE}/mcp/payroll`, upstream: "https://payroll.example.net/mcp" };
  const gateway = await TestGateway.start({ resources: [{}, payroll] });
  const answered = await gateway.call({ url: `${RESOURCE}/../payroll` });
  expect([answered.status, upstream.sent]).toEqual([401, []]);
});
