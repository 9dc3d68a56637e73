import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readAccountFile } from "../../../cli/accounts/account-file.ts";
import { splitIntoRequests } from "../../../cli/accounts/import-accounts.ts";
import { LIMITS } from "../../../src/limits.ts";
import { accountSchema } from "../../../src/trust/account.ts";
import { temporaryDirectory } from "../temporary-directory.ts";

async function read(name: string, content: string | Uint8Array) {
  const path = join(await temporaryDirectory(), name);
  await writeFile(path, content);
  return readAccountFile(path);
}

describe("a list of accounts", () => {
  it("is CSV as spreadsheets write it: marked, with quotes, line ends of either kind, and empty lines", async () => {
    const text =
      '\uFEFFaccount,emails,name,issuer,tenant,sub\r\nada,ada@acme.example al@acme.example,"Ada ""A""\nL.",,,\r\n\r\nbob,,,https://idp.example.com,t1,u1\r\n';
    expect(await read("people.csv", text)).toEqual([
      {
        where: "line 3",
        account: {
          account: "ada",
          name: 'Ada "A"\nL.',
          emails: ["ada@acme.example", "al@acme.example"],
          saml_nameids: [],
          subjects: [],
        },
      },
      {
        where: "line 5",
        account: {
          account: "bob",
          name: "",
          emails: [],
          saml_nameids: [],
          subjects: [{ issuer: "https://idp.example.com", tenant: "t1", sub: "u1" }],
        },
      },
    ]);
  });

  it("is JSON: a list, or what is listed", async () => {
    const accounts = [{ account: "ada" }, { account: "bob", emails: ["bob@acme.example"] }];
    const listed = await read("people.json", JSON.stringify(accounts));
    expect(listed.map(({ where, account }) => [where, account.account])).toEqual([
      ["accounts.0", "ada"],
      ["accounts.1", "bob"],
    ]);
    expect(await read("people.json", JSON.stringify({ accounts }))).toEqual(listed);
  });

  it.each([
    ["csv", "account,emails\nada,ada\n", "line 2, column emails: an address"],
    ["csv", "account,emails\nada,ada@acme.example\n\na b,\n", "line 4, column account: letters"],
    ["csv", "account,issuer,sub\nada,https://idp.example.com,\n", "line 2, column sub:"],
    ["csv", "account\nada,ada@acme.example\n", "line 2: not as many cells"],
    ["csv", 'account\nada\n"bob\n', "a quote is opened and not closed"],
    ["csv", 'account,name\nada,A "B"\n', "line 2: a quote within a cell"],
    ["csv", "account,email\nada,\n", 'line 1: there is no column "email"'],
    ["csv", "name\nada\n", 'the column "account" is missing'],
    ["csv", "account,account\nada,bob\n", "there twice"],
    ["csv", "account,sub\nada,u\n", "issuer and sub together"],
    ["csv", "", "is empty"],
    ["csv", "account\n", "has no accounts"],
    ["csv", "account\nada\nbob\nada\n", "line 4: account id of line 2 too"],
    ["csv", "account,emails\nada,x@acme.example\nbob,x@acme.example\n", "line 3: address of line 2 too"],
    ["json", '[{"account": "ada",}]', "line 1, column 20"],
    ["json", '[{"account": "ada", "account": "eve"}]', "duplicate member"],
    ["json", '{"account": "ada"}', "neither a list"],
    [
      "json",
      '[{"account": "ada"}, {"account": "bob", "email": []}]',
      'accounts.1, email: unknown member: did you mean "emails"?',
    ],
  ])("in %s, %j is refused with its place", async (kind, text, words) => {
    await expect(read(`people.${kind}`, text)).rejects.toThrow(words);
  });

  it("is UTF-8", async () => {
    const latin1 = Buffer.from("account,name\nada,Ad\u00E9\n", "latin1");
    await expect(read("people.csv", latin1)).rejects.toThrow("line 2: not UTF-8");
  });

  it("names every flaw that a person can mend at once, up to a screenful", async () => {
    const rows = Array.from({ length: 30 }, (_, index) => `u${index},none`).join("\n");
    const failure = read("people.csv", `account,emails\n${rows}\n`);
    await expect(failure).rejects.toThrow(/line 2, .*\n.*line 3, [^]*and 10 more\n/);
  });
});

describe("splitIntoRequests", () => {
  it("keeps to the limits of one request and to the order of the file", () => {
    const issuer = `https://idp.example.com/${"i".repeat(1000)}`;
    const long = Array.from({ length: LIMITS.identifiersPerAccount }, (_, index) => ({ issuer, sub: `s${index}` }));
    const placed = Array.from({ length: 2 * LIMITS.accountsPerPage + 1 }, (_, index) => ({
      where: `line ${index}`,
      account: accountSchema.parse({ account: `u${index}`, subjects: index < LIMITS.accountsPerPage / 2 ? long : [] }),
    }));
    const batches = splitIntoRequests(placed);
    expect(batches.flat()).toEqual(placed);
    for (const batch of batches) {
      const body = JSON.stringify({ accounts: batch.map(({ account }) => account), existing: "replace" });
      expect(Buffer.byteLength(body)).toBeLessThanOrEqual(LIMITS.adminBodyBytes);
      expect(batch.length).toBeLessThanOrEqual(LIMITS.accountsPerPage);
    }
    expect(Math.max(...batches.map(({ length }) => length))).toBe(LIMITS.accountsPerPage);
  });
});
