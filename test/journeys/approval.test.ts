import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  Client,
  StreamableHTTPClientTransport,
  UrlElicitationRequiredError,
  type VersionNegotiationMode,
} from "@modelcontextprotocol/client";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { adminDocumentFor, createAdminKey, writeAdminKey } from "../../cli/admin-key.ts";
import { type McpServer, startEverythingServer } from "../../demo/mcp-server.ts";
import { runCrossgate } from "../cli/run-crossgate.ts";
import { IDP, permitRule } from "../support/documents.ts";
import { guardServers, type GuardedServers } from "./support/guarded-servers.ts";
import { type ScriptedUpstream, startScriptedUpstream } from "./support/scripted-upstream.ts";
import { answerStateless } from "./support/stateless-server.ts";

/**
 * A call that a person must approve, from the official client through the command line to the server: in both eras of
 * MCP, with clients that can lead their user to a URL and with those that cannot.
 */
const STATELESS = "/stateless/mcp";
const EVERYTHING = "/everything/mcp";
const ECHO = { name: "echo", arguments: { message: "hello" } };
const ECHOED = { content: [{ type: "text", text: "Echo: hello" }] };
const TAKES_URLS = { elicitation: { url: {} } };

let upstream: ScriptedUpstream;
let everything: McpServer;
let guarded: GuardedServers;
let directory: string;
let keyFile: string;

beforeAll(async () => {
  [upstream, everything] = await Promise.all([startScriptedUpstream(answerStateless), startEverythingServer()]);
  const key = await createAdminKey("boss");
  directory = await mkdtemp(join(tmpdir(), "crossgate-test-"));
  keyFile = join(directory, "boss.admin-key.json");
  await writeAdminKey(keyFile, key);
  const boss = { ...adminDocumentFor(key, "approver"), subjects: [{ issuer: IDP, sub: "boss" }] };
  const held = permitRule({
    id: "held",
    clients: "any",
    resources: "any",
    scopes: "any",
    calls: { tools: ["echo"] },
    approval: { approvers: { admins: ["boss"] }, show_arguments: true },
  });
  const servers = { [STATELESS]: { upstream: upstream.url }, [EVERYTHING]: { upstream: everything.url } };
  guarded = await guardServers(servers, { rules: [held], documents: () => [{ key: "admin:boss", value: boss }] });
});

afterAll(async () => {
  await guarded?.stop();
  await Promise.all([upstream?.close(), everything?.close(), rm(directory, { recursive: true, force: true })]);
});

async function approval(...words: readonly string[]): Promise<string> {
  const outcome = await runCrossgate(["approval", ...words, "--url", guarded.crossgate.issuer, "--key", keyFile]);
  expect([outcome.code, outcome.stderr]).toEqual([0, ""]);
  return outcome.stdout;
}

/** What waits is shown with its arguments, and approved. */
async function approve(): Promise<string> {
  const { approvals } = JSON.parse(await approval("list", "acme", "--json")) as { approvals: { id: string }[] };
  expect(approvals).toHaveLength(1);
  const id = approvals[0]?.id ?? "";
  expect(await approval("show", id)).toMatch(/ada at .*\n[^]*echo\n[^]*\{"message":"hello"\}/);
  await approval("approve", id, "--yes");
  return id;
}

async function connect(path: string, mode: VersionNegotiationMode, capabilities: object): Promise<Client> {
  const token = await guarded.accessToken({ path });
  const url = new URL(guarded.urlOf(path));
  const transport = new StreamableHTTPClientTransport(url, { authProvider: { token: async () => token } });
  const client = new Client({ name: "tests", version: "1.0.0" }, { capabilities, versionNegotiation: { mode } });
  await client.connect(transport);
  onTestFinished(() => client.close());
  return client;
}

describe("a call that is held for a person", () => {
  it("is one call to a client of 2026-07-28 whose user goes to the page and finds somebody who approves", async () => {
    const client = await connect(STATELESS, { pin: "2026-07-28" }, TAKES_URLS);
    const pages: string[] = [];
    client.setRequestHandler("elicitation/create", async ({ params }) => {
      if (params.mode !== "url") throw new TypeError("no URL");
      pages.push(await (await fetch(params.url)).text());
      await approve();
      return { action: "accept" };
    });
    expect(await client.callTool(ECHO)).toMatchObject(ECHOED);
    expect(pages).toEqual([expect.stringContaining("This call waits for approval")]);
    const calls = upstream.received.filter(({ body }) => body.includes("tools/call"));
    expect([calls.length, calls[0]?.body.includes("requestState")]).toEqual([1, false]);
  });

  it("is an error that leads to the page, for a client of 2025-11-25", async () => {
    const client = await connect(EVERYTHING, "legacy", TAKES_URLS);
    const error: unknown = await client.callTool(ECHO).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UrlElicitationRequiredError);
    const id = await approve();
    expect(JSON.stringify(error)).toContain(`/approvals/${id}`);
    expect(await client.callTool(ECHO)).toMatchObject(ECHOED);
  });

  it.each<[string, VersionNegotiationMode]>([
    [EVERYTHING, "legacy"],
    [STATELESS, { pin: "2026-07-28" }],
  ])("is a tool's error for a client that leads its user nowhere: %s", async (path, mode) => {
    const client = await connect(path, mode, {});
    const held = await client.callTool(ECHO);
    expect(held).toMatchObject({ isError: true });
    const id = await approve();
    expect(JSON.stringify(held)).toContain(`Held for approval, id ${id}`);
    expect(await client.callTool(ECHO)).toMatchObject(ECHOED);
    expect(await client.callTool(ECHO)).toMatchObject({ isError: true });
    const waiting = JSON.parse(await approval("list", "acme", "--json")) as { approvals: { id: string }[] };
    await approval("deny", waiting.approvals[0]?.id ?? "", "--yes");
    expect(await client.callTool(ECHO)).toMatchObject({ isError: true });
  });
});
