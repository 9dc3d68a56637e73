import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Acquired, TokenAsked } from "../../durable-objects/acquisition.ts";
import { UpstreamTokens } from "../../durable-objects/upstream-tokens.ts";
import type { Vault } from "../../durable-objects/vault.ts";
import { LIMITS } from "../../src/limits.ts";
import { asked, person, tokenOf } from "../support/outbound.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

/** A vault that says which question it answers. */
function countedVault(lifetimeSeconds = 600) {
  const questions: TokenAsked[] = [];
  let answer: (asked: TokenAsked) => Acquired = () => {
    const now = Date.now();
    const lifetime = { issuedAtMilliseconds: now, expiresAtMilliseconds: now + lifetimeSeconds * 1000 };
    return { outcome: "acquired", token: `token-${questions.length}`, kid: "k", ...lifetime };
  };
  const stub = {
    acquire: async (wanted: TokenAsked) => {
      questions.push(wanted);
      return answer(wanted);
    },
  };
  const tokens = new UpstreamTokens(() => stub as unknown as DurableObjectStub<Vault>);
  return { tokens, questions, setAnswer: (next: typeof answer) => void (answer = next) };
}

describe("an isolate's copy of a token", () => {
  it("serves for a short while, and not the moment after", async () => {
    const { tokens } = countedVault();
    const wanted = asked("xaa");
    expect(tokenOf(await tokens.acquire(wanted))).toBe("token-1");
    vi.setSystemTime(Date.now() + LIMITS.upstreamTokenFreshSeconds * 1000 - 1);
    expect(tokenOf(await tokens.acquire(wanted))).toBe("token-1");
    vi.setSystemTime(Date.now() + 1);
    expect(tokenOf(await tokens.acquire(wanted))).toBe("token-2");
  });

  it("never serves beyond the token's own end", async () => {
    const { tokens } = countedVault(6);
    const wanted = asked("xaa");
    await tokens.acquire(wanted);
    vi.setSystemTime(Date.now() + 3_000);
    expect(tokenOf(await tokens.acquire(wanted))).toBe("token-2");
  });

  it("is dropped when the upstream has refused it", async () => {
    const { tokens } = countedVault();
    const wanted = asked("xaa");
    await tokens.acquire(wanted);
    expect(tokenOf(await tokens.acquire({ ...wanted, isRefused: true }))).toBe("token-2");
    expect(tokenOf(await tokens.acquire(wanted))).toBe("token-2");
  });

  const one = asked("xaa");
  it.each<[string, Partial<TokenAsked>]>([
    ["person", { owner: person() }],
    ["organization", { owner: { ...one.owner, organization: "globex" } }],
    ["server", { resource: "https://crossgate.example/mcp/other" }],
    ["revision of its document", { resourceRevision: "r2" }],
    ["description of the caller", { identity: { token: "t", says: "something else" } }],
  ])("is no other %s's", async (_what, changes) => {
    const { tokens, questions } = countedVault();
    await tokens.acquire(one);
    await tokens.acquire({ ...one, ...changes });
    expect(questions).toHaveLength(2);
  });

  it("is not kept of what could not be had", async () => {
    const { tokens, questions, setAnswer } = countedVault();
    setAnswer(() => ({ outcome: "refused", reason: "connection_required" }));
    const wanted = asked("xaa");
    await tokens.acquire(wanted);
    await tokens.acquire(wanted);
    expect(questions).toHaveLength(2);
  });

  it("is presented to nobody 5 s after its vault has forgotten it, however long the answer took", async () => {
    const { tokens, setAnswer } = countedVault();
    const wanted = asked("xaa");
    setAnswer(() => {
      const now = Date.now();
      vi.setSystemTime(now + 4_000);
      return { outcome: "acquired", token: "before", kid: "k", issuedAtMilliseconds: now, expiresAtMilliseconds: 9e15 };
    });
    expect(tokenOf(await tokens.acquire(wanted))).toBe("before");
    setAnswer(() => ({ outcome: "refused", reason: "connection_required" }));
    vi.setSystemTime(Date.now() + 1_000);
    expect(await tokens.acquire(wanted)).toEqual({ outcome: "refused", reason: "connection_required" });
  });

  it("is bounded in number", async () => {
    const { tokens, questions } = countedVault();
    for (let at = 0; at <= LIMITS.upstreamTokensCached; at += 1) await tokens.acquire({ ...one, resource: `r${at}` });
    await tokens.acquire({ ...one, resource: "r1" });
    expect(questions).toHaveLength(LIMITS.upstreamTokensCached + 1);
    await tokens.acquire({ ...one, resource: "r0" });
    expect(questions).toHaveLength(LIMITS.upstreamTokensCached + 2);
  });
});

it("a vault that does not answer is an outage, and is not asked twice", async () => {
  const { tokens, questions, setAnswer } = countedVault();
  setAnswer(() => {
    throw new Error("reset");
  });
  await expect(tokens.acquire(asked("xaa"))).rejects.toMatchObject({ reason: "vault_unavailable" });
  expect(questions).toHaveLength(1);
});
