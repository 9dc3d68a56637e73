import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Accounts } from "../../durable-objects/accounts.ts";
import { Outage } from "../../src/audit/reason.ts";
import { LIMITS } from "../../src/limits.ts";
import { accountSchema, type Resolved, type SubjectQuery } from "../../src/trust/account.ts";

const ANYWHERE = { jurisdiction: null, locationHint: null };
const QUERY: SubjectQuery = {
  issuer: "https://idp.example.com",
  tenant: null,
  sub: "user-ada",
  account: null,
  samlNameId: null,
  email: null,
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** Directories that answer this, and count. */
function startIsolate(answer: () => Promise<Resolved>) {
  const resolve = vi.fn(answer);
  const getByName = vi.fn((_name: string) => ({ resolve }));
  return { accounts: new Accounts({ getByName } as never, ANYWHERE), resolve, getByName };
}

describe("Accounts", () => {
  it("keep the directories of two organizations apart", async () => {
    const accounts = new Accounts(env.ACCOUNT_DIRECTORY, ANYWHERE);
    const [ours, theirs] = [`a-${crypto.randomUUID()}`, `b-${crypto.randomUUID()}`];
    await accounts.directoryOf(ours).put({
      accounts: [
        accountSchema.parse({ account: "ada", subjects: [QUERY].map(({ issuer, sub }) => ({ issuer, sub })) }),
      ],
      existing: "keep",
    });
    expect(await accounts.resolve(ours, QUERY)).toEqual({ account: "ada" });
    expect(await accounts.resolve(theirs, QUERY)).toBe("unknown");
    expect(await accounts.resolve(theirs, { ...QUERY, account: "ada" })).toBe("unknown");
  });

  it("rely on a subject that was found for a while, and not on one that says something else", async () => {
    const { accounts, resolve } = startIsolate(async () => ({ account: "ada" }));
    await accounts.resolve("acme", QUERY);
    await accounts.resolve("acme", QUERY);
    expect(resolve).toHaveBeenCalledTimes(1);
    await accounts.resolve("acme", { ...QUERY, account: "eve" });
    await accounts.resolve("globex", QUERY);
    expect(resolve).toHaveBeenCalledTimes(3);
    vi.setSystemTime(Date.now() + LIMITS.accountFreshSeconds * 1000);
    await accounts.resolve("acme", QUERY);
    expect(resolve).toHaveBeenCalledTimes(4);
  });

  it.each(["unknown", "conflict"] as const)("ask again each time they are told %s", async (resolved) => {
    const { accounts, resolve } = startIsolate(async () => resolved);
    expect(await accounts.resolve("acme", QUERY)).toBe(resolved);
    expect(await accounts.resolve("acme", QUERY)).toBe(resolved);
    expect(resolve).toHaveBeenCalledTimes(2);
  });

  it("try once more, and tell an outage as one", async () => {
    const flaky = startIsolate(async () => ({ account: "ada" }));
    flaky.resolve.mockRejectedValueOnce(new Error("reset"));
    expect(await flaky.accounts.resolve("acme", QUERY)).toEqual({ account: "ada" });
    const down = startIsolate(() => Promise.reject(new Error("down")));
    await expect(down.accounts.resolve("acme", QUERY)).rejects.toEqual(new Outage("accounts_unavailable"));
    expect(down.getByName).toHaveBeenCalledTimes(2);
  });

  it("forget the oldest before they grow without bound", async () => {
    const { accounts, resolve } = startIsolate(async () => ({ account: "ada" }));
    for (let at = 0; at <= LIMITS.accountsCached; at += 1) await accounts.resolve("acme", { ...QUERY, sub: `u${at}` });
    await accounts.resolve("acme", { ...QUERY, sub: "u1" });
    expect(resolve).toHaveBeenCalledTimes(LIMITS.accountsCached + 1);
    await accounts.resolve("acme", { ...QUERY, sub: "u0" });
    expect(resolve).toHaveBeenCalledTimes(LIMITS.accountsCached + 2);
  });
});
