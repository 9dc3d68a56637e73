import { afterEach, describe, expect, it, vi } from "vitest";
import { LIMITS } from "../../../src/limits.ts";
import type { Members } from "../../support/documents.ts";
import { startDesk } from "../../support/desk.ts";
import type { CallChanges } from "../../support/gateway.ts";
import { DESK, FLIGHTS, statelessly, stubMembers } from "../../support/members.ts";

afterEach(() => vi.useRealTimers());

const LISTEN = { "files:read": { description: "Follow", methods: ["tools/list", "subscriptions/listen"] } };
const CHANGED = { jsonrpc: "2.0", method: "notifications/tools/list_changed" };

async function follow(changes: CallChanges) {
  vi.useFakeTimers({ now: Date.now() });
  const upstream = stubMembers();
  const inForce = { member: "1", tools: "1", isRevoked: false };
  const ordinary = (await startDesk({ desk: { scopes: LISTEN } })).dependencies;
  const gateway = await startDesk({
    overrides: {
      isRevoked: async () => inForce.isRevoked,
      findResource: async (name) => {
        const found = await ordinary.findResource(name);
        return found === null || name !== FLIGHTS ? found : { ...found, revision: inForce.member };
      },
      findApprovedTools: async (name) =>
        name === FLIGHTS ? { document: { resource: name, tools: [] }, revision: inForce.tools } : null,
    },
  });
  const response = await gateway.respond({ url: DESK, token: await gateway.token({ aud: DESK }), ...changes });
  const seen = { text: "", isOver: false };
  const reader = response?.body?.getReader();
  const read = async (): Promise<void> => {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done) seen.isOver = true;
    else seen.text += new TextDecoder().decode(value);
    if (!done) await read();
  };
  void read();
  const pass = (): Promise<unknown> => vi.advanceTimersByTimeAsync(2 * LIMITS.streamWatchMilliseconds);
  await pass();
  const heard = (): readonly Members[] =>
    [...seen.text.matchAll(/^data: (.*)$/gm)].map(([, data = ""]) => JSON.parse(data) as Members);
  return { inForce, seen, heard, pass, upstream, response };
}

describe("whoever follows a virtual server", () => {
  it.each(["member", "tools"] as const)(
    "with a session hears that its list is another one when the %s of a member has changed, once",
    async (what) => {
      const { inForce, heard, pass, upstream } = await follow({ method: "GET" });
      expect(heard()).toEqual([]);
      inForce[what] = "2";
      await pass();
      await pass();
      expect(heard()).toEqual([CHANGED]);
      expect(upstream.sent).toEqual([]);
    },
  );

  it("without sessions hears first what will come, and then of what it has asked for [MCPT-34]", async () => {
    const notifications = { toolsListChanged: true, promptsListChanged: true };
    const { inForce, heard, pass } = await follow(statelessly("subscriptions/listen", { notifications }));
    const _meta = { "io.modelcontextprotocol/subscriptionId": 7 };
    const acknowledged = {
      jsonrpc: "2.0",
      method: "notifications/subscriptions/acknowledged",
      params: { notifications: { toolsListChanged: true }, _meta },
    };
    expect(heard()).toEqual([acknowledged]);
    inForce.member = "2";
    await pass();
    expect(heard()).toEqual([acknowledged, { ...CHANGED, params: { _meta } }]);
  });

  it("hears something now and then, until the token ends", async () => {
    const { seen, response } = await follow({ method: "GET" });
    expect(response?.headers.get("content-type")).toBe("text/event-stream");
    await vi.advanceTimersByTimeAsync(LIMITS.streamAliveMilliseconds);
    expect([seen.text, seen.isOver]).toEqual([":\n\n", false]);
    await vi.advanceTimersByTimeAsync(300_000);
    expect(seen.isOver).toBe(true);
  });

  it("without sessions has the result of having followed at the end [MCPT-35]", async () => {
    const { heard, seen } = await follow(statelessly("subscriptions/listen", { notifications: {} }));
    expect(heard()).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(300_000);
    const _meta = { "io.modelcontextprotocol/subscriptionId": 7 };
    expect(heard().slice(1)).toEqual([{ jsonrpc: "2.0", id: 7, result: { resultType: "complete", _meta } }]);
    expect(seen.isOver).toBe(true);
  });

  it("is cut off when that is revoked on which it rests", async () => {
    const { inForce, seen, pass } = await follow({ method: "GET" });
    inForce.isRevoked = true;
    await pass();
    expect(seen.isOver).toBe(true);
  });
});
