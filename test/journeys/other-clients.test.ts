import { createMCPClient } from "@ai-sdk/mcp";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { signIn } from "../../demo/sign-in.ts";
import { IDP_CLIENT, startWorld, USER, type World } from "../../demo/world.ts";
import { startConformanceServer } from "./support/conformance/server.ts";
import { guardServers, type GuardedServers } from "./support/guarded-servers.ts";
import { prepareInspector } from "./support/inspector.ts";

const METHODS = ["tools/list", "tools/call"];

describe("the MCP Inspector, with authorization managed by the enterprise (EMA)", () => {
  let world: World;
  let idToken: string;

  beforeAll(async () => {
    world = await startWorld();
    const { client_id: clientId, client_secret: clientSecret, redirect_uri: redirectUri } = IDP_CLIENT;
    const user = { email: USER.email, password: USER.password };
    ({ idToken } = await signIn({ issuer: world.idp.issuer, clientId, clientSecret, redirectUri, ...user }));
  });

  afterAll(() => world?.close());

  function prepareEnterprise(oauth: object) {
    const { client_id: clientId, client_secret: clientSecret } = IDP_CLIENT;
    const { issuer } = world.idp;
    return prepareInspector({
      client: { enterpriseManagedAuth: { enabled: true, idp: { issuer, clientId, clientSecret } } },
      state: { servers: {}, idpSessions: { [issuer]: { idToken } } },
      servers: {
        everything: {
          type: "streamable-http",
          url: world.everythingUrl,
          oauth: { enterpriseManaged: true, clientId: "desktop-agent", ...oauth },
        },
      },
    });
  }

  it("finds its way from the URL alone to a permitted call, and is shown no other tool", async () => {
    const inspect = await prepareEnterprise({ clientSecret: world.clientSecrets.get("desktop-agent") });
    const call = ["--config", "mcp.json", "--server", "everything", "--method"];
    const listed = await inspect(...call, "tools/list");
    expect(listed.answer.result).toMatchObject({ tools: [{ name: "echo" }] });
    const echoed = await inspect(...call, "tools/call", "--tool-name", "echo", "--tool-arg", "message=hello");
    expect(echoed.answer).toEqual({ result: { content: [{ type: "text", text: "Echo: hello" }] } });
    const hidden = await inspect(...call, "tools/call", "--tool-name", "get-env");
    expect(hidden.answer.error).toMatchObject({ code: "tool_not_found" });
  });

  it("gets nothing with a secret that is not the agent's", async () => {
    const inspect = await prepareEnterprise({ clientSecret: "somebody else's" });
    const { exitCode, answer } = await inspect(
      "--config",
      "mcp.json",
      "--server",
      "everything",
      "--method",
      "tools/list",
    );
    expect(exitCode).not.toBe(0);
    expect(answer).not.toHaveProperty("result");
  });
});

describe("a client of another make, with a token", () => {
  let server: Awaited<ReturnType<typeof startConformanceServer>>;
  let guarded: GuardedServers;
  let token: string;

  beforeAll(async () => {
    server = await startConformanceServer();
    const scopes = { "tools:read": { description: "Tools", methods: METHODS } };
    guarded = await guardServers({ "/mcp": { upstream: server.url, scopes } });
    token = await guarded.accessToken({ path: "/mcp", scope: "tools:read" });
  });

  afterAll(async () => {
    await guarded?.stop();
    await server?.close();
  });

  it.each(["legacy", "modern"])("is the MCP Inspector, in the %s era", async (era) => {
    const inspect = await prepareInspector({});
    const call = ["--server-url", guarded.urlOf("/mcp"), "--transport", "http", "--protocol-era", era];
    const authorized = [...call, "--header", `Authorization: Bearer ${token}`];
    const listed = await inspect(...authorized, "--method", "tools/list");
    expect(listed.answer.result).toHaveProperty("tools");
    const called = await inspect(...authorized, "--method", "tools/call", "--tool-name", "test_simple_text");
    expect(called.answer.result).toMatchObject({ content: [{ type: "text" }] });
  });

  it("is the AI SDK's", async () => {
    const transport = {
      type: "http",
      url: guarded.urlOf("/mcp"),
      headers: { authorization: `Bearer ${token}` },
    } as const;
    const client = await createMCPClient({ transport });
    onTestFinished(() => client.close());
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain("test_simple_text");
    const { test_simple_text: tool } = await client.tools();
    const called = await tool?.execute({}, { toolCallId: "1", messages: [], context: {} } as never);
    expect(called).toMatchObject({ content: [{ type: "text" }] });
  });

  it("is turned away without one", async () => {
    const transport = { type: "http", url: guarded.urlOf("/mcp") } as const;
    await expect(createMCPClient({ transport })).rejects.toThrow(/401|nauthorized/);
  });
});
