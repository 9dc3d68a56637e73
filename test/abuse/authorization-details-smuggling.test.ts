import { decodeJwt } from "jose";
import { describe, expect, it } from "vitest";
import { DETAILS_TYPES, FOLDER, PAYMENT } from "../support/details.ts";
import type { Members } from "../support/documents.ts";
import { recordedEvents } from "../support/ledgers.ts";
import { Tenant } from "../support/tenant.ts";

/** B17, RFC 9396 §5, RAR-01, RAR-02: nothing is granted that was not asserted, registered, permitted and understood. */
function settle(rule: Members = { authorization_details_types: "any" }): Promise<Tenant> {
  return Tenant.settle({ resource: { authorization_details_types: DETAILS_TYPES }, rule });
}

async function redeem(tenant: Tenant, asserted: unknown, requested?: string) {
  const claims = asserted === undefined ? {} : { authorization_details: asserted };
  const form = { assertion: await tenant.assertion(claims), authorization_details: requested };
  return tenant.redeem({ form });
}

describe("what is granted", () => {
  it("is said alike in the response, in the token and, without its contents, on record [RAR-02]", async () => {
    const tenant = await settle();
    const less = { ...PAYMENT, amount: 40, actions: ["pay"] };
    const { status, body } = await redeem(tenant, [PAYMENT, FOLDER], JSON.stringify([less]));
    expect(status).toBe(200);
    expect(body["authorization_details"]).toEqual([less]);
    expect(decodeJwt(String(body["access_token"]))["authorization_details"]).toEqual([less]);
    const [event] = await recordedEvents(tenant.clientId);
    expect(event).toMatchObject({
      authorization_details_types: ["payment"],
      authorization_details_hash: expect.stringMatching(/^[\w-]{43}$/),
    });
    expect(JSON.stringify(event)).not.toContain("account-one");
  });

  it("leaves out what policy does not permit, and is refused where that leaves nothing", async () => {
    const tenant = await settle({ authorization_details_types: ["payment"] });
    const { body } = await redeem(tenant, [PAYMENT, FOLDER]);
    expect(body["authorization_details"]).toEqual([PAYMENT]);
    expect((await redeem(tenant, [FOLDER])).body["error"]).toBe("invalid_authorization_details");
  });

  it("is nothing of them where nobody asserts or asks", async () => {
    const { status, body } = await redeem(await settle(), undefined);
    expect(status).toBe(200);
    expect(body).not.toHaveProperty("authorization_details");
    expect(decodeJwt(String(body["access_token"]))).not.toHaveProperty("authorization_details");
  });
});

describe("a request for more than is asserted", () => {
  it.each<[string, string]>([
    ["another member under the same name", '[{"type":"payment","account":"account-one","amount":1,"amount":9000}]'],
    ["another element behind the asserted one", JSON.stringify([PAYMENT, { ...PAYMENT, account: "account-two" }])],
    ["the asserted element as often as one likes", JSON.stringify([PAYMENT, PAYMENT])],
    ["the asserted one in another order and one more", JSON.stringify([FOLDER, PAYMENT, FOLDER])],
    ["a number as a text", JSON.stringify([{ ...PAYMENT, amount: "1" }])],
    ["a negative number", JSON.stringify([{ ...PAYMENT, amount: -1 }])],
    ["a list where there was a text", JSON.stringify([{ ...PAYMENT, account: ["account-one"] }])],
    ["a member of Object's", '[{"type":"payment","account":"account-one","__proto__":{"amount":9000}}]'],
    ["a member that differs in case", JSON.stringify([{ ...PAYMENT, Account: "account-two" }])],
    ["an account that looks like the asserted one", JSON.stringify([{ ...PAYMENT, account: "аccount-one" }])],
    ["nesting", `[${'{"type":"payment","account":'.repeat(300)}1${"}".repeat(300)}]`],
    ["a type that nobody registered", '[{"type":"admin"}]'],
    ["an object in place of the list", JSON.stringify(PAYMENT)],
    ["null", "null"],
  ])("is refused: %s", async (_what, requested) => {
    const tenant = await settle();
    const { status, body, text } = await redeem(tenant, [PAYMENT, FOLDER], requested);
    expect({ status, error: body["error"] }).toEqual({ status: 400, error: "invalid_authorization_details" });
    expect(text).not.toContain("access_token");
    expect(text).not.toContain("account-one");
  });

  it("costs no assertion", async () => {
    const tenant = await settle();
    const assertion = await tenant.assertion({ authorization_details: [PAYMENT] });
    const asking = (requested: unknown) =>
      tenant.redeem({ form: { assertion, authorization_details: JSON.stringify(requested) } });
    expect((await asking([FOLDER])).status).toBe(400);
    expect((await asking([PAYMENT])).status).toBe(200);
  });
});
