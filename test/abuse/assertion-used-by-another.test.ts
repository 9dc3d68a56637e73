import { describe, expect, it } from "vitest";
import { makeDpopKey, makeProof } from "../support/dpop.ts";
import { recordedEvents } from "../support/ledgers.ts";
import { nowInSeconds, Tenant, TOKEN_ENDPOINT, type TokenAnswer } from "../support/tenant.ts";

/**
 * Where an issuer's record lets an assertion be used until it expires, it stays what it was for everybody but the one
 * who redeemed it: nobody's. And that one is spared nothing.
 */
function settle(assertionUse: string): Promise<Tenant> {
  return Tenant.settle({ idp: { assertion_use: assertionUse } });
}

function expectReplay({ status, body }: TokenAnswer): void {
  expect({ status, error: body["error"] }).toEqual({ status: 400, error: "invalid_grant" });
}

async function redeemWithKey(tenant: Tenant, assertion: string, key: Awaited<ReturnType<typeof makeDpopKey>>) {
  const challenged = await tenant.redeem({ form: { assertion }, headers: { dpop: await proof(key, undefined) } });
  const nonce = challenged.headers.get("dpop-nonce") ?? "";
  return tenant.redeem({ form: { assertion }, headers: { dpop: await proof(key, nonce) } });
}

function proof(key: Awaited<ReturnType<typeof makeDpopKey>>, nonce: string | undefined): Promise<string> {
  return makeProof(key, nowInSeconds(), { claims: { htu: TOKEN_ENDPOINT, nonce } });
}

describe("an assertion that may be used until it expires", () => {
  it("gives its client a token each time, each with a record that says so", async () => {
    const tenant = await settle("until_expiry");
    const assertion = await tenant.assertion();
    const answers = await Promise.all(Array.from({ length: 5 }, () => tenant.redeem({ form: { assertion } })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(new Set(answers.map(({ body }) => body["access_token"])).size).toBe(5);
    const events = await recordedEvents(tenant.clientId);
    expect(events.map((event) => [event.decision, event.assertion_use])).toEqual(
      Array.from({ length: 5 }, () => ["granted", "until_expiry"]),
    );
    expect(new Set(events.map((event) => event.token_id)).size).toBe(5);
    expect(new Set(events.map((event) => event.assertion_hash)).size).toBe(1);
  });

  it("gives the same client nothing with another key, nor without one", async () => {
    const tenant = await settle("until_expiry");
    const assertion = await tenant.assertion();
    const [first, second] = [await makeDpopKey(), await makeDpopKey()];
    expect((await redeemWithKey(tenant, assertion, first)).status).toBe(200);
    expect((await redeemWithKey(tenant, assertion, first)).status).toBe(200);
    expectReplay(await redeemWithKey(tenant, assertion, second));
    expectReplay(await tenant.redeem({ form: { assertion } }));
  });

  it("is refused once policy says no, however often it was good before", async () => {
    const tenant = await settle("until_expiry");
    const assertion = await tenant.assertion();
    expect((await tenant.redeem({ form: { assertion } })).status).toBe(200);
    const refused = await tenant.redeem({ form: { assertion, scope: "files:delete" } });
    expect(refused.body["error"]).toBe("invalid_scope");
  });

  it("serves once where the record says nothing, or single", async () => {
    for (const tenant of [await Tenant.settle(), await settle("single")]) {
      const assertion = await tenant.assertion();
      expect((await tenant.redeem({ form: { assertion } })).status).toBe(200);
      expectReplay(await tenant.redeem({ form: { assertion } }));
    }
  });
});
