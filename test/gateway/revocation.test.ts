import { afterEach, describe, expect, it, vi } from "vitest";
import { Outage } from "../../src/audit/reason.ts";
import type { FencedFacts } from "../../src/revocation/fence.ts";
import { LIST_TOOLS, reasonsOf, stubUpstream, TestGateway } from "../support/gateway.ts";

afterEach(() => vi.useRealTimers());

const resources = [
  { scopes: { "files:read": { description: "Follow", methods: ["subscriptions/listen", "tools/list"] } } },
];
const listen = { jsonrpc: "2.0", id: 1, method: "subscriptions/listen" };

describe("a token that has been revoked", () => {
  it("is an invalid token with a correlation id, recorded, and its call goes nowhere [GW-11]", async () => {
    const upstream = stubUpstream();
    const asked: FencedFacts[] = [];
    const isRevoked = async (facts: FencedFacts): Promise<boolean> => asked.push(facts) > 0;
    const gateway = await TestGateway.start({ overrides: { isRevoked } });
    const { status, challenge, headers } = await gateway.call();
    expect(status).toBe(401);
    expect(challenge).toContain('error="invalid_token"');
    expect(headers.get("crossgate-correlation-id")).toEqual(expect.any(String));
    expect([reasonsOf(gateway), upstream.sent]).toEqual([["token_revoked"], []]);
    expect(asked[0]?.names).toContain("principal:usr_ada");
  });

  it("cannot be known to be none while the registry does not answer: that is an outage", async () => {
    const upstream = stubUpstream();
    const isRevoked = () => Promise.reject(new Outage("revocations_unavailable"));
    const gateway = await TestGateway.start({ overrides: { isRevoked } });
    expect((await gateway.call()).status).toBe(503);
    expect(upstream.sent).toEqual([]);
  });

  it.each([
    ["while its message was still coming", 2, 0],
    ["while the server was at work", 3, 1],
  ])("%s gets nothing", async (_name, revokedAtLook, sent) => {
    const upstream = stubUpstream();
    let looks = 0;
    const isRevoked = async (): Promise<boolean> => (looks += 1) >= revokedAtLook;
    const gateway = await TestGateway.start({ overrides: { isRevoked } });
    const { status, text } = await gateway.call();
    expect([status, reasonsOf(gateway), upstream.sent.length]).toEqual([401, ["token_revoked"], sent]);
    expect(text).not.toContain("result");
  });
});

describe("an open stream", () => {
  /** Never ends by itself; tells when it was made to. */
  function stubStream(): { readonly isEnded: () => boolean } {
    const cancel = vi.fn<() => void>();
    stubUpstream(
      () => new Response(new ReadableStream({ cancel }), { headers: { "content-type": "text/event-stream" } }),
    );
    return { isEnded: () => cancel.mock.calls.length > 0 };
  }

  const streams = [
    ["a GET stream of the era of sessions", { method: "GET" }],
    ["a subscription of the stateless era", { message: listen }],
    ["the answer to a call", { message: LIST_TOOLS }],
  ] as const;

  it.each(streams)("ends within 10 s of its caller's revocation: %s [GW-11]", async (_name, changes) => {
    vi.useFakeTimers({ now: Date.now() });
    const stream = stubStream();
    let isGone = false;
    const gateway = await TestGateway.start({ resources, overrides: { isRevoked: async () => isGone } });
    const response = await gateway.respond(changes);
    const read = response?.body?.getReader().read();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([response?.status, stream.isEnded()]).toEqual([200, false]);
    isGone = true;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(stream.isEnded()).toBe(true);
    // In good order: to its client a lost connection, and no broken one.
    expect(await read).toEqual({ done: true, value: undefined });
  });

  it("ends when nobody can say whether its caller has been revoked", async () => {
    vi.useFakeTimers({ now: Date.now() });
    const stream = stubStream();
    let isDown = false;
    const isRevoked = async (): Promise<boolean> => {
      if (isDown) throw new Outage("revocations_unavailable");
      return false;
    };
    const gateway = await TestGateway.start({ resources, overrides: { isRevoked } });
    await gateway.respond({ method: "GET" });
    isDown = true;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(stream.isEnded()).toBe(true);
  });

  it("that its client has left asks no more", async () => {
    vi.useFakeTimers({ now: Date.now() });
    stubStream();
    const isRevoked = vi.fn(async () => false);
    const gateway = await TestGateway.start({ resources, overrides: { isRevoked } });
    const response = await gateway.respond({ method: "GET" });
    await response?.body?.cancel();
    const looks = isRevoked.mock.calls.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(isRevoked.mock.calls.length).toBe(looks);
  });
});
