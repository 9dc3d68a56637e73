import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { deployedRows } from "../support/ledgers.ts";
import { CLIENT_ASSERTION_TYPE, type RequestChanges, Tenant } from "../support/tenant.ts";
import { makeTestKey } from "../support/test-idp.ts";

/**
 * J09: whoever has not proved who it is writes nothing into our records, or it would fill them at its pleasure
 * (AuthPlane documents 8.6 million rows a day from one address). It is counted, and that is all.
 */
type Junk = (tenant: Tenant) => Promise<RequestChanges>;

const JUNK: readonly (readonly [string, Junk])[] = [
  ["another method", async () => ({ method: "GET" })],
  ["another media type", async () => ({ headers: { "content-type": "application/json" }, body: "{}" })],
  ["a body that is too large", async () => ({ body: "x".repeat(100_000) })],
  ["a form that is none", async () => ({ body: "%" })],
  ["a parameter twice", async () => ({ body: "grant_type=a&grant_type=b" })],
  ["no credentials", async () => ({ headers: { authorization: undefined } })],
  ["two credentials", async () => ({ form: { client_id: "x", client_secret: "y" } })],
  ["broken credentials", async () => ({ headers: { authorization: "Basic !" } })],
  ["a client that does not exist", async () => ({ headers: { authorization: `Basic ${btoa("nobody:x")}` } })],
  ["a wrong secret", async ({ clientId }) => ({ headers: { authorization: `Basic ${btoa(`${clientId}:x`)}` } })],
  ["a client assertion that is no JWT", async () => byAssertion("junk")],
  ["a client assertion that a stranger signed", async (tenant) => byAssertion(await forged(tenant))],
  [
    "a client assertion for another server",
    async (tenant) => byAssertion(await tenant.clientAssertion({ aud: "https://elsewhere.example" })),
  ],
];

function byAssertion(clientAssertion: string): RequestChanges {
  const form = { client_assertion_type: CLIENT_ASSERTION_TYPE, client_assertion: clientAssertion };
  return { headers: { authorization: undefined }, form };
}

async function forged(tenant: Tenant): Promise<string> {
  return tenant.clientAssertion({}, { key: await makeTestKey("ES256", tenant.clientKey.kid) });
}

beforeAll(() => applyD1Migrations(env.AUDIT_INDEX, env.TEST_MIGRATIONS));

afterEach(() => {
  vi.restoreAllMocks();
});

describe("unauthenticated junk", () => {
  it.each(JUNK)("(%s) writes no row, and is counted once", async (_name, junk) => {
    const tenant = await Tenant.settle();
    const before = await deployedRows();
    const counted = vi.spyOn(env.COUNTERS, "writeDataPoint");
    const queued = vi.spyOn(env.AUDIT_QUEUE, "sendBatch");
    for (let at = 0; at < 20; at += 1) {
      const { status } = await tenant.redeem(await junk(tenant));
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
    }
    expect(await deployedRows()).toEqual(before);
    expect(counted).toHaveBeenCalledTimes(20);
    expect(queued).not.toHaveBeenCalled();
    const { results } = await env.AUDIT_INDEX.prepare("SELECT COUNT(*) AS rows FROM audit_event").all();
    expect(results).toEqual([{ rows: 0 }]);
  });

  // Otherwise "no rows" would be true of a Worker that records nothing.
  it("is not what a client that has proved itself sends", async () => {
    const tenant = await Tenant.settle();
    const before = (await deployedRows()).length;
    await tenant.redeem({ form: { assertion: "junk" } });
    expect((await deployedRows()).length).toBe(before + 1);
  });
});
