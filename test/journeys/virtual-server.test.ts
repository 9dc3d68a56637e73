import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type McpServer, startEverythingServer } from "../../demo/mcp-server.ts";
import { startConformanceServer } from "./support/conformance/server.ts";
import { eventually } from "./support/eventually.ts";
import { callGateway } from "./support/gateway-call.ts";
import { type AuditRecord, guardServers, type GuardedServers } from "./support/guarded-servers.ts";
import { connectClient } from "./support/mcp-client.ts";

/** Two real servers behind one endpoint: one that has sessions and one that has none, for clients of both kinds. */
const DESK = "/desk/mcp";
const OLD = "/old/mcp";
const NEW = "/new/mcp";
const NOWHERE = "/nowhere/mcp";
const PUBLISHED = ["say", "progress", "ask_name", "missing"];

let everything: McpServer;
let conformance: Awaited<ReturnType<typeof startConformanceServer>>;
let guarded: GuardedServers;

beforeAll(async () => {
  [everything, conformance] = await Promise.all([startEverythingServer(), startConformanceServer()]);
  guarded = await guardServers({
    [OLD]: { upstream: everything.url },
    [NEW]: { upstream: conformance.url },
    // The port that no address has: nothing is there, and nothing ever will be.
    [NOWHERE]: { upstream: "http://127.0.0.1:1/mcp" },
    [DESK]: (urlOf) => ({
      virtual: {
        tools: {
          say: { server: urlOf(OLD), tool: "echo", title: "Say", description: "Says it again." },
          progress: { server: urlOf(NEW), tool: "test_tool_with_progress" },
          ask_name: { server: urlOf(NEW), tool: "test_input_required_result_elicitation" },
          missing: { server: urlOf(NOWHERE), tool: "echo" },
        },
      },
      scopes: { "tools:echo": { description: "All of it", methods: ["tools/list"], tools: PUBLISHED } },
    }),
  });
});

afterAll(async () => {
  await guarded?.stop();
  await Promise.all([everything?.close(), conformance?.close()]);
});

const deskToken = (): Promise<string> => guarded.accessToken({ path: DESK, scope: "tools:echo" });

describe.each([
  ["with sessions", "legacy"],
  ["of the stateless era", { pin: "2026-07-28" }],
  ["of both", "auto"],
] as const)("the official client, %s, at a virtual server", (_name, mode) => {
  it("lists and calls tools of members of either era by their published names, and no others", async () => {
    const { client } = await connectClient(guarded.urlOf(DESK), await deskToken(), mode);
    expect(client.getServerCapabilities()).toEqual({ tools: { listChanged: true } });
    const { tools, _meta: meta } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(["say", "progress", "ask_name"]);
    expect(tools[0]).toMatchObject({ title: "Say", description: "Says it again." });
    expect(meta?.["crossgate/missing"]).toEqual([{ server: guarded.urlOf(NOWHERE), reason: "upstream_unreachable" }]);
    const said = await client.callTool({ name: "say", arguments: { message: "through the desk" } });
    expect(said.content).toEqual([{ type: "text", text: "Echo: through the desk" }]);
    for (const name of ["echo", "get-env", "test_simple_text", "toString"]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await expect(client.callTool({ name, arguments: {} }), name).rejects.toThrow();
    }
    await expect(client.callTool({ name: "missing", arguments: {} })).rejects.toThrow();
  });

  it("is told how a call goes on", async () => {
    const { client } = await connectClient(guarded.urlOf(DESK), await deskToken(), mode);
    const seen: number[] = [];
    const params = { name: "progress", arguments: {} };
    await client.callTool(params, { onprogress: ({ progress }) => void seen.push(progress) });
    expect(seen).toEqual([0, 50, 100]);
  });
});

describe("a question that a member asks", () => {
  it("reaches the user of a client of the stateless era, and his answer the member", async () => {
    const asked = { elicitation: { form: {} } };
    const { client } = await connectClient(guarded.urlOf(DESK), await deskToken(), { pin: "2026-07-28" }, asked);
    client.setRequestHandler("elicitation/create", () => ({ action: "accept", content: { name: "Ada" } }));
    const answered = await client.callTool({ name: "ask_name", arguments: {} });
    expect(answered.content).toEqual([{ type: "text", text: "Hello, Ada!" }]);
  });
});

describe("the record of a call", () => {
  it("names what was called and where it went", async () => {
    const response = await callGateway(guarded.urlOf(DESK), {
      token: await deskToken(),
      message: {
        jsonrpc: "2.0",
        id: 1,
        method: "tools/call",
        params: { name: "say", arguments: { message: "recorded" } },
      },
    });
    expect(await response.text()).toContain("Echo: recorded");
    const correlationId = response.headers.get("crossgate-correlation-id");
    const record = await eventually("the record of the call", async () => {
      const records: readonly AuditRecord[] = await guarded.auditEvents();
      return records.find(({ correlation_id: id, type }) => id === correlationId && type === "gateway_call");
    });
    expect(record).toMatchObject({
      decision: "granted",
      resource: guarded.urlOf(DESK),
      target: "say",
      member: guarded.urlOf(OLD),
      member_tool: "echo",
      upstream_status: 200,
    });
  });
});
