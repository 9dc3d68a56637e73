import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DEPLOYMENT, findVault } from "../../durable-objects/vault-owner.ts";
import { parseConfig } from "../../src/config.ts";
import { Receivers, TestChain, TestSink } from "../support/sinks.ts";

const URL_OF = {
  otlp_metrics: "https://otlp.example.net/v1/metrics",
  otlp_traces: "https://otlp.example.net/v1/traces",
};
const REQUEST = {
  trace_id: "4bf92f3577b34da6a3ce929d0e0e4736",
  span_id: "b7ad6b7169203331",
  duration_milliseconds: 12,
};
let receivers: Receivers;

beforeEach(() => {
  // The clock of the object's alarms is the machine's: a year behind this one, none goes off by itself.
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 365 * 86_400_000 });
  receivers = new Receivers();
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function sinkOf(type: keyof typeof URL_OF): Promise<TestSink> {
  return new TestSink().write({ type, url: URL_OF[type], secret: "OTLP" });
}

/** What the sums of a message come to, over all kinds of record. */
function countedIn(body: string): number {
  const points = [...body.matchAll(/"asInt":"(\d+)"/g)];
  return points.reduce((total, [, count]) => total + Number(count), 0);
}

describe("a sink of metrics", () => {
  it("counts every record of every chain once, however often a message has to be sent, and over evictions", async () => {
    const [one, two] = [new TestChain(), new TestChain()];
    await one.append([REQUEST, REQUEST], [REQUEST]);
    await two.append([REQUEST]);
    const sink = await sinkOf("otlp_metrics");
    await sink.meet(one, two);
    // Taken, and the answer is lost: what is sent again must not be counted again.
    const seen: number[] = [];
    receivers.answer = (_request, body) => {
      seen.push(countedIn(body));
      if (seen.length <= 2) throw new TypeError("connection lost");
      return new Response("{}");
    };
    await sink.run();
    expect(receivers.taken.map(({ body }) => countedIn(body)).at(-1)).toBe(4);
    expect(Math.max(...seen)).toBe(4);
    await evictDurableObject(sink.stub);
    await one.append([REQUEST, { type: "gateway_call" }]);
    await sink.meet(one, two);
    await sink.run();
    expect(countedIn(receivers.taken.at(-1)?.body ?? "")).toBe(6);
    expect(await sink.stub.status()).toMatchObject({ delivered: 6, failures: 0 });
    const starts = receivers.taken.map(({ body }) => /"startTimeUnixNano":"(\d+)"/.exec(body)?.[1]);
    expect(new Set(starts).size).toBe(1);
  });

  it("sends nothing where there is nothing of what it counts", async () => {
    const chain = new TestChain();
    await chain.append([{}]);
    const sink = await new TestSink().write({
      type: "otlp_metrics",
      url: URL_OF.otlp_metrics,
      secret: "OTLP",
      types: ["revocation"],
    });
    await sink.meet(chain);
    await sink.run();
    expect(receivers.taken).toEqual([]);
    expect(await sink.stub.status()).toMatchObject({ delivered: 0, failures: 0 });
  });

  it("tells what its receiver says that it threw away", async () => {
    const chain = new TestChain();
    await chain.append([{}]);
    const sink = await sinkOf("otlp_metrics");
    await sink.meet(chain);
    receivers.answer = () => new Response('{"partialSuccess":{"rejectedDataPoints":"3"}}');
    await sink.run();
    expect(await sink.stub.status()).toMatchObject({ rejected: 3 });
  });
});

describe("a sink of spans", () => {
  it("is sent one for each record of a request, and the same when it is sent again", async () => {
    const chain = new TestChain();
    await chain.append([
      REQUEST,
      { type: "approval", action: "asked", decision: "done", ...REQUEST },
      { decision: "done" },
    ]);
    const sink = await sinkOf("otlp_traces");
    await sink.meet(chain);
    const bodies: string[] = [];
    receivers.answer = (_request, body) => {
      bodies.push(body);
      return new Response("{}", { status: bodies.length === 1 ? 503 : 200 });
    };
    await sink.run();
    expect(bodies).toHaveLength(2);
    expect(bodies[0]).toBe(bodies[1]);
    expect([...(bodies[1] ?? "").matchAll(/"spanId"/g)]).toHaveLength(2);
    expect(receivers.taken[0]?.headers.get("authorization")).toBe("Bearer the-token-of-the-collector");
  });
});

describe("a sink whose secret is in the vault", () => {
  const url = "https://siem.example.net/crossgate";
  const vault = () => findVault(env.VAULT, parseConfig(env).ledger, DEPLOYMENT);
  const value = `whsec_${btoa("a-secret-of-thirty-two-bytes-bbb")}`;

  async function runWith(resources: readonly string[] | null): Promise<TestSink> {
    const name = `siem-${crypto.randomUUID()}`;
    await vault().setSecret({ name, value, resources });
    const chain = new TestChain();
    await chain.append([{}]);
    const sink = await new TestSink().write({ url, secret: undefined, vault_secret: name });
    await sink.meet(chain);
    await sink.run(1);
    return sink;
  }

  it("is sent records that are signed with it", async () => {
    await runWith([url]);
    expect(receivers.taken[0]?.headers.get("webhook-signature")).toMatch(/^v1,/);
  });

  // Whoever edits documents could otherwise have the secret of an MCP server sent to an address of his own.
  it.each([
    ["may be used for any server", null],
    ["is another address's", ["https://siem.example.net/other", "https://siem.example.net/"]],
  ])("is sent nothing by one that %s", async (_name, resources) => {
    const sink = await runWith(resources);
    expect(receivers.taken).toEqual([]);
    expect(await sink.stub.status()).toMatchObject({ error: "secret_of_another_origin", failures: 1 });
  });
});
