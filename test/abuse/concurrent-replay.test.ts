import { evictAllDurableObjects } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { recordedEvents } from "../support/ledgers.ts";
import { Tenant, type TokenAnswer } from "../support/tenant.ts";

/**
 * C01, C04, C17 and promise 1: one assertion, presented 200 times at once and again after every object has lost its
 * memory, is worth one token. workers-oauth-provider, which looks a jti up in KV and then puts it, gave 50 for 50.
 */
const PARALLEL = 200;

function presentInParallel(tenant: Tenant, assertion: string): Promise<readonly TokenAnswer[]> {
  return Promise.all(Array.from({ length: PARALLEL }, () => tenant.redeem({ form: { assertion } })));
}

function expectRefused(answers: readonly TokenAnswer[]): void {
  for (const { status, body } of answers) {
    expect({ status, error: body["error"], token: body["access_token"] }).toEqual({
      status: 400,
      error: "invalid_grant",
      token: undefined,
    });
  }
}

describe("concurrent replay", () => {
  it("gives one token for one assertion [JAG-R-12, EMA-12, A7523-02]", async () => {
    const tenant = await Tenant.settle();
    const answers = await presentInParallel(tenant, await tenant.assertion());
    const granted = answers.filter(({ status }) => status === 200);
    expect(granted).toHaveLength(1);
    expect(granted.at(0)?.body["access_token"]).toEqual(expect.any(String));
    expectRefused(answers.filter(({ status }) => status !== 200));
  });

  it("gives none more after the ledgers have lost their memory", async () => {
    const tenant = await Tenant.settle();
    const assertion = await tenant.assertion();
    expect((await tenant.redeem({ form: { assertion } })).status).toBe(200);
    await evictAllDurableObjects();
    expectRefused(await presentInParallel(tenant, assertion));
  });

  it("is recorded: one grant, and one refusal for each other presentation [harper#2173]", async () => {
    const tenant = await Tenant.settle();
    await presentInParallel(tenant, await tenant.assertion());
    const events = await recordedEvents(tenant.clientId);
    const outcomes = events.map(({ decision, reason }) => `${decision} ${reason ?? ""}`.trim());
    expect(outcomes.filter((outcome) => outcome === "granted")).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === "refused assertion_replayed")).toHaveLength(PARALLEL - 1);
    expect(events).toHaveLength(PARALLEL);
  });

  // C17: a check that is made twice within one request takes the first one for a replay.
  it("is not what 100 different assertions at once look like [authelia#7790]", async () => {
    const tenant = await Tenant.settle();
    const answers = await Promise.all(Array.from({ length: 100 }, () => tenant.redeem()));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(new Set(answers.map(({ body }) => body["access_token"])).size).toBe(100);
  });

  // C18: what else the request says has no part in what is used up.
  it.each([
    ["another scope", { scope: "files:read" }],
    ["the resource named", "resource"],
    ["a parameter that looks like an attempt id", { attempt_id: crypto.randomUUID(), attemptId: "1" }],
  ])("counts %s as a replay too", async (_name, changes) => {
    const tenant = await Tenant.settle();
    const assertion = await tenant.assertion();
    expect((await tenant.redeem({ form: { assertion } })).status).toBe(200);
    const form = changes === "resource" ? { resource: tenant.resource } : (changes as Record<string, string>);
    expectRefused([await tenant.redeem({ form: { ...form, assertion } })]);
  });

  // C16: an attempt is named by the Worker alone.
  it("cannot be made a retry by a header", async () => {
    const tenant = await Tenant.settle();
    const assertion = await tenant.assertion();
    const first = await tenant.redeem({ form: { assertion } });
    const names = [
      "attempt-id",
      "x-attempt-id",
      "idempotency-key",
      "crossgate-correlation-id",
      "x-request-id",
      "cf-ray",
    ];
    const correlation = first.headers.get("crossgate-correlation-id") ?? "";
    const headers = Object.fromEntries(names.map((name) => [name, correlation]));
    expectRefused([await tenant.redeem({ form: { assertion }, headers })]);
  });
});
