import { describe, expect, it } from "vitest";
import { CROSSGATE, denyRule, permitRule, RESOURCE } from "../../support/documents.ts";
import { LIST_TOOLS, READ_FILE, seededRandom, stubUpstream, TestGateway, UPSTREAM } from "../../support/gateway.ts";

/** Mistakes that other gateways, MCP servers and their SDKs made, made here again. */
const PAYROLL = `${CROSSGATE}/mcp/payroll`;

describe("a call", () => {
  it.each(["Token", "Basic", "JWT", "MAC", "Bearerx", "X-Bearer", ""])(
    "under the scheme '%s' is nobody's, however good its token [CVE-2026-47673]",
    async (scheme) => {
      const upstream = stubUpstream();
      const gateway = await TestGateway.start();
      expect([(await gateway.call({ scheme })).status, upstream.sent]).toEqual([401, []]);
    },
  );

  it("of 60 callers at once is answered to each with what is his [CVE-2026-25536]", async () => {
    const random = seededRandom(7);
    const waiting: (() => void)[] = [];
    const upstream = stubUpstream(async ({ body }) => {
      const { id } = JSON.parse(body ?? "") as { id: number };
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        if (waiting.length === 60) for (const one of waiting.toSorted(() => random(3) - 1)) one();
      });
      return Response.json({ jsonrpc: "2.0", id, result: { content: [{ type: "text", text: `for ${id}` }] } });
    });
    const gateway = await TestGateway.start();
    const callers = Array.from({ length: 60 }, (_, at) => at + 1);
    const answers = await Promise.all(
      callers.map(async (id) => {
        const token = await gateway.token({
          sub: `usr_${id}`,
          sub_id: { format: "iss_sub", iss: "https://i.example", sub: `${id}` },
        });
        return gateway.call({ token, message: { ...READ_FILE, id } });
      }),
    );
    expect(answers.map(({ text }) => JSON.parse(text) as unknown)).toEqual(
      callers.map((id) => ({ jsonrpc: "2.0", id, result: { content: [{ type: "text", text: `for ${id}` }] } })),
    );
    expect(upstream.sent).toHaveLength(60);
  });

  it("of a tool is permitted at the server that it was permitted at, and at none with a tool of that name [CVE-2026-30856]", async () => {
    const upstream = stubUpstream();
    const gateway = await TestGateway.start({
      resources: [{}, { resource: PAYROLL, upstream: "https://payroll.example.net/mcp" }],
      rules: [permitRule({ clients: "any", resources: [RESOURCE], scopes: "any" })],
    });
    expect((await gateway.call()).status).toBe(200);
    expect((await gateway.call({ url: PAYROLL, token: await gateway.token({ aud: PAYROLL }) })).status).toBe(403);
    expect(upstream.sent.map(({ url }) => url)).toEqual([UPSTREAM]);
  });

  it.each([
    "../../admin",
    "%2e%2e/admin",
    "https://evil.example/",
    "//evil.example",
    "?x=1#",
    "\\\\evil",
    "@evil.example",
  ])("that says '%s' wherever it can leads to the server's one URL [CVE-2026-32871]", async (text) => {
    const upstream = stubUpstream();
    const gateway = await TestGateway.start();
    const params = { ...READ_FILE.params, arguments: { path: text, url: text, id: text } };
    await gateway.call({ message: { ...READ_FILE, params }, headers: { "mcp-param-path": encodeURIComponent(text) } });
    expect(upstream.sent.map(({ url }) => url)).toEqual([UPSTREAM]);
  });
});

describe("a way in that is no call", () => {
  it.each([
    ["GET", undefined],
    ["DELETE", undefined],
    ["POST", { jsonrpc: "2.0", method: "notifications/initialized" }],
    ["POST", { jsonrpc: "2.0", id: 1, result: {} }],
    ["POST", LIST_TOOLS],
  ])("asks the same policy: %s %j [context-forge#2723]", async (method, message) => {
    const upstream = stubUpstream();
    const gateway = await TestGateway.start({
      rules: [permitRule({ clients: "any", resources: "any", scopes: "any" }), denyRule()],
    });
    const answered = await gateway.call({ method, ...(message === undefined ? {} : { message }) });
    expect([answered.status, upstream.sent]).toEqual([403, []]);
  });
});
