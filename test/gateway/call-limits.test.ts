import { afterEach, describe, expect, it, vi } from "vitest";
import { Outage } from "../../src/audit/reason.ts";
import { LIMITS } from "../../src/limits.ts";
import { type Members, permitRule } from "../support/documents.ts";
import { reasonsOf, stubUpstream, TestGateway, type UpstreamScript } from "../support/gateway.ts";

afterEach(() => vi.useRealTimers());

const WRITE = { name: "write_file" };
const SCOPE = "files:read files:write";

/** A gateway whose organization no other test has, under one rule that permits all and demands this. */
async function start(demands: Members, overrides: Members = {}) {
  const organization = `org-${crypto.randomUUID()}`;
  const rules = [permitRule({ id: "counted", clients: "any", resources: "any", scopes: "any", ...demands })];
  const gateway = await TestGateway.start({ rules, overrides });
  const respond = async (params: Members = { name: "read_file" }, claims: Members = {}, signal?: AbortSignal) => {
    const token = await gateway.token({ organization, scope: SCOPE, ...claims });
    const message = { jsonrpc: "2.0", id: 1, method: "tools/call", params };
    const response = await gateway.respond({ message, token, ...(signal && { signal }) });
    if (response === null) throw new TypeError("no server");
    return response;
  };
  const status = async (params?: Members, claims?: Members) => {
    const response = await respond(params, claims);
    await response.text();
    await Promise.all(gateway.outlasting);
    return response.status;
  };
  return { gateway, organization, respond, status };
}

/** Streams that go on until the test ends them. */
function stubStreams(): { readonly script: UpstreamScript; readonly ends: ReadableStreamDefaultController[] } {
  const ends: ReadableStreamDefaultController[] = [];
  const script = () =>
    new Response(new ReadableStream({ start: (controller) => void ends.push(controller) }), {
      headers: { "content-type": "text/event-stream" },
    });
  return { script, ends };
}

describe("a rule's rate", () => {
  const rate = (by: readonly string[], calls = 1) => ({ rate: { calls, per_seconds: 3600, by } });

  it("refuses what is too much, with when to try again, on record with the rule, and nothing sent", async () => {
    const upstream = stubUpstream();
    const { gateway, respond, status } = await start(rate(["subject"], 2));
    expect([await status(), await status()]).toEqual([200, 200]);
    const refused = await respond();
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(3590);
    expect(await refused.json()).toMatchObject({ id: 1, error: { code: 429 } });
    expect([upstream.sent.length, reasonsOf(gateway).at(-1)]).toEqual([2, "rate_limited"]);
    expect(gateway.events.at(-1)?.policy_rules).toEqual(["counted"]);
  });

  it.each<[string, readonly string[], Members, Members, number]>([
    ["a person shares", ["subject"], WRITE, { client_id: "other" }, 429],
    ["another person has his own", ["subject"], {}, { sub: "usr_bob" }, 200],
    ["an agent shares", ["client"], WRITE, { sub: "usr_bob" }, 429],
    ["another agent has its own", ["client"], {}, { client_id: "other" }, 200],
    ["a tool shares", ["tool"], {}, { sub: "usr_bob", client_id: "other" }, 429],
    ["another tool has its own", ["tool"], WRITE, {}, 200],
    ["all three are one", ["subject", "client", "tool"], {}, {}, 429],
    ["one of three is another", ["subject", "client", "tool"], WRITE, {}, 200],
    ["another organization has its own", ["tool"], {}, { organization: `org-${crypto.randomUUID()}` }, 200],
  ])("is counted by whom it names: %s", async (_who, by, params, claims, expected) => {
    stubUpstream();
    const { status } = await start(rate(by));
    expect(await status()).toBe(200);
    expect(await status({ name: "read_file", ...params }, claims)).toBe(expected);
  });

  it("counts no lists and nothing that only keeps a connection alive", async () => {
    stubUpstream();
    const { gateway, organization, status } = await start(rate(["subject"]));
    const token = await gateway.token({ organization, scope: SCOPE });
    for (const method of ["tools/list", "ping", "tools/list", "initialize"]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect((await gateway.call({ message: { jsonrpc: "2.0", id: 1, method }, token })).status).toBe(200);
    }
    expect(await status()).toBe(200);
    expect(await status()).toBe(429);
  });

  it("counts nothing that policy refuses", async () => {
    stubUpstream();
    const { status } = await start(rate(["subject"]));
    expect(await status(WRITE, { scope: "files:read" })).toBe(403);
    expect(await status()).toBe(200);
  });
});

describe("a rule's concurrency", () => {
  const concurrency = { concurrency: { calls: 1, by: ["subject"] } };

  it("lets so many run, and the next when an answer has been read to its end", async () => {
    const { script, ends } = stubStreams();
    const upstream = stubUpstream(script);
    const { gateway, respond } = await start(concurrency);
    const first = await respond();
    const refused = await respond();
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "1"]);
    expect([upstream.sent.length, reasonsOf(gateway).at(-1)]).toEqual([1, "concurrency_limited"]);
    ends[0]?.close();
    await first.text();
    await Promise.all(gateway.outlasting);
    expect((await respond()).status).toBe(200);
  });

  it("gives the place back when the client goes, and when the server breaks off", async () => {
    const { script, ends } = stubStreams();
    stubUpstream(script);
    const { gateway, respond } = await start(concurrency);
    await (await respond()).body?.cancel();
    await vi.waitFor(async () => {
      await Promise.all(gateway.outlasting);
      const next = await respond();
      expect(next.status).toBe(200);
      ends.at(-1)?.error(new Error("broken"));
      await expect(next.text()).rejects.toThrow("broken");
    });
    await Promise.all(gateway.outlasting);
    expect((await respond()).status).toBe(200);
  });

  it.each<[string, UpstreamScript]>([
    ["does not answer", () => Promise.reject(new Error("unreachable"))],
    ["answers nonsense", () => new Response("<html>", { headers: { "content-type": "text/html" } })],
    ["answers with nothing", () => new Response(null, { status: 202 })],
    ["answers at once", () => Response.json({ jsonrpc: "2.0", id: 1, result: {} })],
  ])("gives the place back when the server %s", async (_what, script) => {
    const upstream = stubUpstream(script);
    const { status } = await start(concurrency);
    for (let call = 1; call <= 3; call += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await status();
      expect(upstream.sent.length).toBe(call);
    }
  });

  it("gives the place back when another limit refuses the call", async () => {
    stubUpstream();
    const { status, gateway } = await start({ ...concurrency, rate: { calls: 1, per_seconds: 3600, by: ["tool"] } });
    expect([await status(), await status(), await status(WRITE)]).toEqual([200, 429, 200]);
    expect(reasonsOf(gateway)).toEqual([null, "rate_limited", null]);
  });

  it("keeps the place of a stream that lasts, as long as it lasts", async () => {
    vi.useFakeTimers({ now: Date.now() });
    const { script, ends } = stubStreams();
    stubUpstream(script);
    const { gateway, respond } = await start(concurrency);
    const first = await respond();
    const read = first.text();
    for (let round = 0; round < 5; round += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await vi.advanceTimersByTimeAsync(LIMITS.callLeaseRenewalMilliseconds);
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await Promise.all(gateway.outlasting.slice(1));
    }
    expect((await respond()).status).toBe(429);
    ends[0]?.close();
    await read;
    const settled = gateway.outlasting.length;
    await vi.advanceTimersByTimeAsync(2 * LIMITS.callLeaseRenewalMilliseconds);
    expect(gateway.outlasting.length).toBe(settled);
  });
});

describe("a limit", () => {
  it("that cannot be counted lets nothing through: that is an outage", async () => {
    const upstream = stubUpstream();
    const down = () => Promise.reject(new Outage("limits_unavailable"));
    const limits = { count: down, enter: down, renew: down, leave: down };
    for (const demands of [
      { rate: { calls: 9, per_seconds: 9, by: ["tool"] } },
      { concurrency: { calls: 9, by: ["tool"] } },
    ]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const { gateway, status } = await start(demands, { limits });
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect([await status(), reasonsOf(gateway)]).toEqual([503, ["limits_unavailable"]]);
    }
    expect(upstream.sent).toEqual([]);
  });

  it("costs a call that no rule counts nothing", async () => {
    stubUpstream();
    const limits = { count: vi.fn(), enter: vi.fn(), renew: vi.fn(), leave: vi.fn() };
    const { status } = await start({}, { limits });
    expect(await status()).toBe(200);
    for (const asked of Object.values(limits)) expect(asked).not.toHaveBeenCalled();
  });
});
