import { describe, expect, it } from "vitest";
import { fingerprintTool } from "../../src/trust/tool-definition.ts";
import { type Members, RESOURCE } from "../support/documents.ts";
import { reasonsOf, stubUpstream, TestGateway } from "../support/gateway.ts";

/**
 * I03: a tool has an argument repeated in a header, by which a balancer chooses the tenant or a firewall decides; the
 * server goes by the body. Who may write both makes them say two things.
 */
const TOOL = {
  name: "read_file",
  inputSchema: { type: "object", properties: { tenant: { type: "string", "x-mcp-header": "Tenant" } } },
};
const VERSION = "2026-07-28";
const STATELESS = { "mcp-protocol-version": VERSION, "mcp-method": "tools/call", "mcp-name": "read_file" };

async function call(headers: Record<string, string>, given: Members, tool_approval?: "hold_back") {
  const upstream = stubUpstream(({ body }) => {
    const { id, method } = JSON.parse(body ?? "{}") as Members;
    const result = method === "tools/list" ? { tools: [TOOL] } : { content: [] };
    return Response.json({ jsonrpc: "2.0", id, result });
  });
  const approvedTools = {
    resource: RESOURCE,
    tools: [{ name: "read_file", fingerprint: await fingerprintTool(TOOL) }],
  };
  const gateway = await TestGateway.start({ resources: [tool_approval ? { tool_approval } : {}], approvedTools });
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": VERSION,
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const params = { name: "read_file", arguments: given, _meta };
  const message = { jsonrpc: "2.0", id: 1, method: "tools/call", params };
  const answered = await gateway.call({ message, headers: { ...STATELESS, ...headers } });
  const called = upstream.sent.filter(({ body }) => body?.includes("tools/call"));
  return { ...answered, called, reasons: reasonsOf(gateway) };
}

describe("a header that repeats an argument of a tool whose definition is known", () => {
  it.each<[string, Record<string, string>, Members]>([
    ["says another", { "mcp-param-tenant": "acme" }, { tenant: "rival" }],
    ["says another, encoded", { "mcp-param-tenant": `=?base64?${btoa("acme")}?=` }, { tenant: "rival" }],
    ["is left out", {}, { tenant: "rival" }],
    ["stands alone", { "mcp-param-tenant": "acme" }, {}],
  ])("%s: the call goes nowhere", async (_how, headers, given) => {
    const { status, errorCode, called, reasons } = await call(headers, given, "hold_back");
    expect([status, errorCode, called, reasons]).toEqual([400, -32_020, [], ["message_header_mismatch"]]);
  });

  it("and says the same goes on with the call", async () => {
    const { status, called } = await call({ "mcp-param-tenant": "acme" }, { tenant: "acme" }, "hold_back");
    expect([status, called.map(({ headers }) => headers.get("mcp-param-tenant"))]).toEqual([200, ["acme"]]);
  });
});

it("a header of a tool that nobody has looked at is passed on as it is, for its server to judge [MCPT-13]", async () => {
  const { status, called } = await call({ "mcp-param-tenant": "acme" }, { tenant: "rival" });
  expect([status, called.map(({ headers }) => headers.get("mcp-param-tenant"))]).toEqual([200, ["acme"]]);
});
