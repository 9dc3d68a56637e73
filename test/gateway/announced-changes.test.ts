import { afterEach, describe, expect, it, vi } from "vitest";
import { Outage } from "../../src/audit/reason.ts";
import {
  denyRule,
  type Members,
  permitRule,
  policyDocument,
  RESOURCE,
  resourceDocument,
} from "../support/documents.ts";
import { type CallChanges, stubUpstream, TestGateway } from "../support/gateway.ts";
import { parseDocument } from "../support/redemption.ts";

afterEach(() => vi.useRealTimers());

const LISTEN_SCOPE = { "files:read": { description: "Follow", methods: ["subscriptions/listen", "tools/list"] } };
const SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId";
const ACKNOWLEDGED = `data: {"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged"}\n\n`;
const TOOLS_CHANGED = 'data: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n\n';
const PERMIT = permitRule({ scopes: "any" });

/** What is in force, for a test to change while a stream is open. */
interface InForce {
  policy: string;
  resource: string;
  tools: string;
  rules: readonly Members[];
  document: Members;
  isDown: boolean;
}

/** A stream of the server's that the test feeds, seen through the gateway. */
async function follow(changes: CallChanges, more: Members = {}) {
  vi.useFakeTimers({ now: Date.now() });
  const inForce: InForce = {
    policy: "1",
    resource: "1",
    tools: "1",
    rules: [PERMIT],
    document: resourceDocument({ scopes: LISTEN_SCOPE, ...more }),
    isDown: false,
  };
  let feed: (text: string) => void = () => undefined;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      feed = (text) => controller.enqueue(new TextEncoder().encode(text));
    },
  });
  stubUpstream(() => new Response(body, { headers: { "content-type": "text/event-stream" } }));
  const known = <Document>(document: Document, revision: string) => {
    if (inForce.isDown) throw new Outage("trust_unavailable");
    return { document, revision };
  };
  const gateway = await TestGateway.start({
    overrides: {
      findResource: async () => known(parseDocument("resource", RESOURCE, inForce.document), inForce.resource),
      findPolicy: async () =>
        known(parseDocument("policy", "acme", policyDocument({ rules: inForce.rules })), inForce.policy),
      findApprovedTools: async () =>
        known(parseDocument("tools", RESOURCE, { resource: RESOURCE, tools: [] }), inForce.tools),
    },
  });
  const response = await gateway.respond(changes);
  const seen = { text: "", isOver: false };
  const reader = response?.body?.getReader();
  const read = async (): Promise<void> => {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done) seen.isOver = true;
    else seen.text += new TextDecoder().decode(value);
    if (!done) await read();
  };
  void read();
  const pass = (): Promise<unknown> => vi.advanceTimersByTimeAsync(60_000);
  await pass();
  return { inForce, seen, feed: async (text: string) => (feed(text), pass()), pass };
}

const listen = (notifications: Members): CallChanges => ({
  message: { jsonrpc: "2.0", id: "s-1", method: "subscriptions/listen", params: { notifications } },
});

describe("whoever follows a server in the era of sessions", () => {
  it.each(["policy", "resource", "tools"] as const)(
    "hears within a minute that its %s has changed, once",
    async (what) => {
      const { inForce, seen, pass } = await follow({ method: "GET" });
      expect(seen.text).toBe("");
      inForce[what] = "2";
      await pass();
      expect(seen.text).toBe(TOOLS_CHANGED);
      await pass();
      expect(seen.text).toBe(TOOLS_CHANGED);
    },
  );

  it("hears it between events, never within one", async () => {
    const { inForce, seen, feed } = await follow({ method: "GET" });
    await feed('data: {"jsonrpc":"2.0",');
    inForce.policy = "2";
    await feed("");
    expect(seen.text).toBe(TOOLS_CHANGED);
    await feed('"method":"notifications/x"}\n\n');
    expect(seen.text).toBe(`${TOOLS_CHANGED}data: {"jsonrpc":"2.0","method":"notifications/x"}\n\n`);
  });

  it("hears nothing while nobody can say what is in force, and what has changed when they can", async () => {
    const { inForce, seen, pass } = await follow({ method: "GET" });
    inForce.isDown = true;
    inForce.policy = "2";
    await pass();
    expect(seen).toEqual({ text: "", isOver: false });
    inForce.isDown = false;
    await pass();
    expect(seen.text).toBe(TOOLS_CHANGED);
  });

  it.each<[string, (inForce: InForce) => void]>([
    ["policy permits it no more", (inForce) => (inForce.rules = [PERMIT, denyRule()])],
    ["the server is disabled", (inForce) => (inForce.document = { ...inForce.document, enabled: false })],
  ])("is let go of when %s", async (_what, change) => {
    const { inForce, seen, pass } = await follow({ method: "GET" });
    change(inForce);
    await pass();
    expect(seen).toEqual({ text: "", isOver: true });
  });

  it("is shown a list that comes again as policy is now, not as it was", async () => {
    const scopes = {
      "files:read": { description: "Any", methods: ["tools/list"], tools: ["read_file", "write_file"] },
    };
    const { inForce, seen, feed, pass } = await follow({ method: "GET" }, { scopes });
    inForce.rules = [PERMIT, denyRule({ calls: { tools: ["write_file"] } })];
    inForce.policy = "2";
    await pass();
    await feed('data: {"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"read_file"},{"name":"write_file"}]}}\n\n');
    expect(seen.text).toContain("read_file");
    expect(seen.text).not.toContain("write_file");
  });
});

describe("whoever has subscribed in the stateless era", () => {
  const notice = (kind: string): string =>
    `data: ${JSON.stringify({ jsonrpc: "2.0", method: `notifications/${kind}/list_changed`, params: { _meta: { [SUBSCRIPTION]: "s-1" } } })}\n\n`;

  it("hears of the lists that it asked for, by its subscription's id [GW-06]", async () => {
    const { inForce, seen, feed, pass } = await follow(listen({ toolsListChanged: true, promptsListChanged: true }));
    await feed(ACKNOWLEDGED);
    inForce.tools = "2";
    await pass();
    expect(seen.text).toBe(`${ACKNOWLEDGED}${notice("tools")}${notice("prompts")}`);
  });

  it("hears nothing before it has been acknowledged, nor of what it did not ask for", async () => {
    const early = await follow(listen({ toolsListChanged: true }));
    early.inForce.policy = "2";
    await early.pass();
    expect(early.seen.text).toBe("");
    await early.feed(ACKNOWLEDGED);
    expect(early.seen.text).toBe(`${ACKNOWLEDGED}${notice("tools")}`);
    vi.useRealTimers();
    const other = await follow(listen({ resourcesListChanged: false, toolsListChanged: "yes" }));
    await other.feed(ACKNOWLEDGED);
    other.inForce.policy = "2";
    await other.pass();
    expect(other.seen.text).toBe(ACKNOWLEDGED);
  });
});
