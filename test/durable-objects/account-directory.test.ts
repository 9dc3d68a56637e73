import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { accountSchema, type SubjectQuery } from "../../src/trust/account.ts";
import type { Members } from "../support/documents.ts";

function makeDirectory() {
  return env.ACCOUNT_DIRECTORY.getByName(`test/${crypto.randomUUID()}`);
}

const IDP = "https://idp.example.com";
const NAME_ID = { format: "saml-nameid", issuer: "https://saml.example", nameid: "ada" };

function query(change: Partial<SubjectQuery> = {}): SubjectQuery {
  return { issuer: IDP, tenant: null, sub: "user-ada", account: null, samlNameId: null, email: null, ...change };
}

function account(id: string, members: Members = {}) {
  return accountSchema.parse({ account: id, ...members });
}

describe("a subject", () => {
  it("is nobody until an account is found for it", async () => {
    const directory = makeDirectory();
    expect(await directory.resolve(query({ email: "ada@acme.example", account: "ada" }))).toBe("unknown");
  });

  it.each<[string, Partial<SubjectQuery>]>([
    ["aud_sub", { account: "ada" }],
    ["a SAML name", { samlNameId: JSON.stringify(["https://saml.example", "ada", null, null, null, null]) }],
    ["an address", { email: "ada@acme.example" }],
  ])(
    "found by %s stays that account when it is not said any more, and after an eviction [JAG-R-28]",
    async (_by, change) => {
      const directory = makeDirectory();
      await directory.put({
        accounts: [account("ada", { emails: ["ada@acme.example"], saml_nameids: [NAME_ID] })],
        existing: "keep",
      });
      expect(await directory.resolve(query(change))).toEqual({ account: "ada" });
      expect(await directory.resolve(query())).toEqual({ account: "ada" });
      await evictDurableObject(directory);
      expect(await directory.resolve(query())).toEqual({ account: "ada" });
    },
  );

  it("does not move with its address [JAG-R-28]", async () => {
    const directory = makeDirectory();
    const emails = (mailbox: string) => ({ emails: [`${mailbox}@acme.example`] });
    await directory.put({
      accounts: [account("ada", emails("ada")), account("admin", emails("admin"))],
      existing: "keep",
    });
    await directory.resolve(query({ email: "ada@acme.example" }));
    expect(await directory.resolve(query({ email: "admin@acme.example" }))).toEqual({ account: "ada" });
    await directory.put({
      accounts: [account("ada"), account("admin", { emails: ["ada@acme.example"] })],
      existing: "replace",
    });
    expect(await directory.resolve(query({ email: "ada@acme.example" }))).toEqual({ account: "ada" });
  });

  it("that says it is two accounts is none", async () => {
    const directory = makeDirectory();
    await directory.put({ accounts: [account("ada", { saml_nameids: [NAME_ID] }), account("eve")], existing: "keep" });
    const samlNameId = JSON.stringify(["https://saml.example", "ada", null, null, null, null]);
    expect(await directory.resolve(query({ account: "eve", samlNameId }))).toBe("conflict");
    await directory.resolve(query({ account: "ada" }));
    expect(await directory.resolve(query({ account: "eve" }))).toBe("conflict");
    expect(await directory.resolve(query({ account: "nobody" }))).toBe("unknown");
    expect(await directory.resolve(query({ account: "ada" }))).toEqual({ account: "ada" });
  });

  it("is not looked for by its address where it says an account that does not exist", async () => {
    const directory = makeDirectory();
    await directory.put({ accounts: [account("ada", { emails: ["ada@acme.example"] })], existing: "keep" });
    expect(await directory.resolve(query({ account: "nobody", email: "ada@acme.example" }))).toBe("unknown");
  });

  it("does not get an account that another subject of its issuer and tenant has", async () => {
    const directory = makeDirectory();
    await directory.put({ accounts: [account("ada", { emails: ["ada@acme.example"] })], existing: "keep" });
    await directory.resolve(query({ email: "ada@acme.example" }));
    const successor = query({ sub: "user-successor", email: "ada@acme.example" });
    expect(await directory.resolve(successor)).toBe("conflict");
    expect(await directory.resolve({ ...successor, tenant: "b" })).toEqual({ account: "ada" });
    expect(await directory.unbind({ issuer: IDP, tenant: null, sub: "user-ada" })).toBe(true);
    expect(await directory.resolve(successor)).toEqual({ account: "ada" });
    expect(await directory.resolve(query({ email: "ada@acme.example" }))).toBe("conflict");
  });

  it("comes to one answer, however many see it for the first time at once", async () => {
    const directory = makeDirectory();
    const emails = (mailbox: string) => ({ emails: [`${mailbox}@acme.example`] });
    await directory.put({ accounts: [account("ada", emails("ada")), account("eve", emails("eve"))], existing: "keep" });
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, at) =>
        directory.resolve(query({ email: `${at % 2 === 0 ? "ada" : "eve"}@acme.example` })),
      ),
    );
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  });

  it.each(["user-ada\u0000", "User-ada", "user-ada ", "usеr-ada", "user-ade\u0301"])(
    "that looks like a bound one is another: %o",
    async (sub) => {
      const directory = makeDirectory();
      await directory.put({ accounts: [account("ada", { emails: ["ada@acme.example"] })], existing: "keep" });
      await directory.resolve(query({ email: "ada@acme.example" }));
      expect(await directory.resolve(query({ sub }))).toBe("unknown");
    },
  );

  it("of no tenant is not that of a tenant", async () => {
    const directory = makeDirectory();
    await directory.put({
      accounts: [account("ada", { subjects: [{ issuer: IDP, tenant: "t", sub: "user-ada" }] })],
      existing: "keep",
    });
    expect(await directory.resolve(query())).toBe("unknown");
    expect(await directory.resolve(query({ tenant: "t" }))).toEqual({ account: "ada" });
  });
});

describe("accounts", () => {
  it("are written all or none, and what stands in the way is named", async () => {
    const directory = makeDirectory();
    await directory.put({
      accounts: [account("ada", { emails: ["ada@acme.example"], saml_nameids: [NAME_ID] })],
      existing: "keep",
    });
    const subjects = [{ issuer: IDP, sub: "user-ada" }];
    await directory.put({ accounts: [account("bob", { subjects })], existing: "keep" });
    const conflicts = await directory.put({
      accounts: [
        account("eve"),
        account("mallory", { emails: ["ada@acme.example"], saml_nameids: [NAME_ID], subjects }),
        account("ada"),
      ],
      existing: "keep",
    });
    expect(conflicts).toEqual([
      { account: "mallory", taken: "email", by: "ada" },
      { account: "mallory", taken: "saml_nameid", by: "ada" },
      { account: "mallory", taken: "subject", by: "bob" },
      { account: "ada", taken: "account", by: "ada" },
    ]);
    expect((await directory.list("")).map((one) => one.account)).toEqual(["ada", "bob"]);
  });

  it("are replaced without losing the subjects that came to them", async () => {
    const directory = makeDirectory();
    await directory.put({ accounts: [account("ada", { emails: ["ada@acme.example"] })], existing: "keep" });
    await directory.resolve(query({ email: "ada@acme.example" }));
    expect(
      await directory.put({
        accounts: [account("ada", { name: "Ada", emails: ["al@acme.example"] })],
        existing: "replace",
      }),
    ).toEqual([]);
    const found = await directory.find("ada");
    expect(found?.account).toMatchObject({ name: "Ada", emails: ["al@acme.example"] });
    expect(found?.bindings).toMatchObject([{ issuer: IDP, tenant: null, sub: "user-ada", boundBy: "email" }]);
    expect(await directory.resolve(query({ sub: "other", email: "ada@acme.example" }))).toBe("unknown");
  });

  it("take everything with them when they are removed", async () => {
    const directory = makeDirectory();
    await directory.put({ accounts: [account("ada", { emails: ["ada@acme.example"] })], existing: "keep" });
    await directory.resolve(query({ email: "ada@acme.example" }));
    expect(await directory.remove("ada")).toBe(true);
    expect(await directory.remove("ada")).toBe(false);
    expect(await directory.find("ada")).toBeNull();
    expect(await directory.resolve(query({ email: "ada@acme.example" }))).toBe("unknown");
  });

  it("come page by page, in one order", async () => {
    const directory = makeDirectory();
    const ids = Array.from({ length: LIMITS.accountsPerPage + 3 }, (_, at) => `u${String(at).padStart(5, "0")}`);
    await directory.put({ accounts: ids.map((id) => account(id)), existing: "keep" });
    const first = await directory.list("");
    const second = await directory.list(first.at(-1)?.account ?? "");
    expect([...first, ...second].map((one) => one.account)).toEqual(ids);
  });

  it("cannot be written into a statement", async () => {
    const directory = makeDirectory();
    await directory.put({ accounts: [account("ada")], existing: "keep" });
    const injected = "x'; DROP TABLE account; --";
    expect(await directory.resolve(query({ sub: injected, email: injected, issuer: injected }))).toBe("unknown");
    expect(await directory.find(injected)).toBeNull();
    expect((await directory.list("")).length).toBe(1);
  });
});
