import { describe, expect, it } from "vitest";
import { addAccounts } from "../support/accounts.ts";
import { eventsOfIssuer } from "../support/ledgers.ts";
import { CAEP, push, RISC, type SignalChanges } from "../support/signals.ts";
import { nowInSeconds, Tenant, type TenantChanges } from "../support/tenant.ts";

const STRICT: TenantChanges = {
  idp: { signals: {}, email_domains: ["acme.example"], subject_resolution: { mode: "strict", by: ["email"] } },
};
const ADA = { email: "ada@acme.example" };

async function redeem(tenant: Tenant, claims: object = {}): Promise<unknown> {
  const { status, body } = await tenant.redeem({ form: { assertion: await tenant.assertion({ ...claims }) } });
  return status === 200 ? "granted" : body["error"];
}

async function settleAda(changes = STRICT): Promise<Tenant> {
  const tenant = await Tenant.settle(changes);
  await addAccounts(tenant.organization, { account: "ada", emails: ["ada@acme.example", "ada@elsewhere.example"] });
  return tenant;
}

const about = (sub_id: unknown): SignalChanges => ({ type: `${RISC}account-disabled`, claims: { sub_id } });
const byEmail = (email: string): SignalChanges => about({ format: "email", email });

/** What is on record of this provider's signals. */
async function recorded(tenant: Tenant): Promise<unknown> {
  return (await eventsOfIssuer(tenant.idp.issuer))
    .filter(({ type }) => type === "revocation")
    .map(({ decision, reason, account }) => [decision, reason, account]);
}

// The first of them also waits for the Worker to start.
describe("a signal about an address", { timeout: 30_000 }, () => {
  it("reaches the account that has it, whoever signs in as it, before its first sign-in too [SSF-03]", async () => {
    const [tenant, unused] = [await settleAda(), await settleAda()];
    expect(await redeem(tenant, ADA)).toBe("granted");
    expect((await push(tenant, byEmail("ada@ACME.example"))).status).toBe(202);
    expect(await redeem(tenant, ADA)).toBe("invalid_grant");
    expect(await recorded(tenant)).toEqual([["done", "account-disabled", "ada"]]);
    await push(unused, byEmail("ada@acme.example"));
    expect(await redeem(unused, ADA)).toBe("invalid_grant");
  });

  it.each([
    ["at a domain for which the provider does not speak", "ada@elsewhere.example"],
    ["that no account has", "bob@acme.example"],
    ["whose mailbox is another in case", "Ada@acme.example"],
  ])("%s: changes nothing, and is on record", async (_name, email) => {
    const tenant = await settleAda();
    expect((await push(tenant, byEmail(email))).status).toBe(202);
    expect(await redeem(tenant, ADA)).toBe("granted");
    expect(await recorded(tenant)).toEqual([["failed", "signal_subject_unresolved", null]]);
  });

  it("says nothing where the provider's users have no accounts here", async () => {
    const tenant = await settleAda({ idp: { signals: {}, email_domains: ["acme.example"] } });
    expect((await push(tenant, byEmail("ada@acme.example"))).status).toBe(202);
    expect(await redeem(tenant, ADA)).toBe("granted");
    expect(await recorded(tenant)).toEqual([["failed", "signal_subject_unresolved", null]]);
  });

  it.each(["ada", "ada@", "@acme.example", "a@b@acme.example", '"ada"@acme.example', ""])(
    "that is none is refused: %j",
    async (email) =>
      expect(await push(await settleAda(), byEmail(email))).toEqual({ status: 400, err: "invalid_request" }),
  );

  it("reaches nobody of another organization, which has an account of the same address", async () => {
    const [one, other] = [await settleAda(), await settleAda()];
    await push(one, byEmail("ada@acme.example"));
    expect([await redeem(one, ADA), await redeem(other, ADA)]).toEqual(["invalid_grant", "granted"]);
  });
});

describe("a complex subject [SSF-05]", () => {
  const shared = (): Promise<Tenant> =>
    Tenant.settle({ idp: { organization: undefined, tenants: { t1: "org-a", t2: "org-b" }, signals: {} } });
  const complex = (tenant: Tenant, more: object): SignalChanges =>
    about({ format: "complex", user: { format: "iss_sub", iss: tenant.idp.issuer, sub: "user-ada" }, ...more });

  it("of a tenant that the provider's record does not have is nobody, and on record", async () => {
    const tenant = await shared();
    expect((await push(tenant, complex(tenant, { tenant: { format: "opaque", id: "t3" } }))).status).toBe(202);
    expect((await push(tenant, complex(tenant, { tenant: { format: "opaque", id: "constructor" } }))).status).toBe(202);
    expect(await recorded(tenant)).toEqual([
      ["failed", "signal_subject_unresolved", null],
      ["failed", "signal_subject_unresolved", null],
    ]);
  });

  it("of a provider that has one organization is its user, whatever it calls its tenant", async () => {
    const tenant = await Tenant.settle({ idp: { signals: {} } });
    await push(tenant, complex(tenant, { tenant: { format: "opaque", id: "acme-inc" } }));
    expect(await redeem(tenant)).toBe("invalid_grant");
  });

  it.each([
    ["a member that the stream calls critical and nobody here understands", { device: { format: "opaque", id: "d" } }],
    ["one of several", { org_unit: { format: "opaque", id: "o" }, device: 1 }],
  ])("with %s is discarded", async (_name, more) => {
    const tenant = await Tenant.settle({ idp: { signals: { critical_subject_members: ["user", "device"] } } });
    expect(await push(tenant, complex(tenant, more))).toEqual({ status: 400, err: "invalid_request" });
    expect(await redeem(tenant)).toBe("granted");
  });

  it("with others besides is all of its user's, and so is one whose critical members are understood", async () => {
    const tenant = await Tenant.settle({
      idp: { signals: { critical_subject_members: ["user", "tenant", "device"] } },
    });
    const more = { session: { format: "opaque", id: "s" }, tenant: { format: "opaque", id: "t" } };
    expect((await push(tenant, complex(tenant, more))).status).toBe(202);
    expect(await redeem(tenant)).toBe("invalid_grant");
  });

  it("without a user is nobody, and on record", async () => {
    const tenant = await Tenant.settle({ idp: { signals: {} } });
    await push(tenant, about({ format: "complex", session: { format: "opaque", id: "s" } }));
    expect(await redeem(tenant)).toBe("granted");
    expect(await recorded(tenant)).toEqual([["failed", "signal_subject_unresolved", null]]);
  });

  it("whose user is another provider's is refused", async () => {
    const tenant = await Tenant.settle({ idp: { signals: {} } });
    const user = { format: "iss_sub", iss: "https://other.example", sub: "user-ada" };
    expect((await push(tenant, about({ format: "complex", user }))).err).toBe("access_denied");
  });
});

describe("a signal that ends sign-ins", () => {
  it("by an address leaves those after it", async () => {
    const tenant = await settleAda();
    const at = nowInSeconds() - 10;
    await push(tenant, {
      type: `${CAEP}session-revoked`,
      event: { event_timestamp: at },
      claims: { sub_id: { format: "email", email: "ada@acme.example" } },
    });
    expect(await redeem(tenant, { ...ADA, auth_time: at })).toBe("invalid_grant");
    expect(await redeem(tenant, { ...ADA, auth_time: at + 1 })).toBe("granted");
  });
});
