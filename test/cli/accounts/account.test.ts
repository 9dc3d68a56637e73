import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { AccountDirectory } from "../../../cli/accounts/account-directory.ts";
import { readAccountFile } from "../../../cli/accounts/account-file.ts";
import { importAccounts } from "../../../cli/accounts/import-accounts.ts";
import { chooseBackend, openAdminClient } from "../../../cli/backend/open-backend.ts";
import { command } from "../../../cli/commands/account.ts";
import { UsageError } from "../../../cli/command-error.ts";
import { LIMITS } from "../../../src/limits.ts";
import type { Account } from "../../../src/trust/account.ts";
import { CrossgateProcess } from "../crossgate-process.ts";
import { runCrossgate } from "../run-crossgate.ts";
import { temporaryDirectory } from "../temporary-directory.ts";
import { writeDocument, writeSoundDocuments } from "../trust-fixture.ts";

const ISSUER = "https://idp.example.com";
const PEOPLE = `account,name,emails,issuer,sub
bob,"Bob, the second",bob@acme.example b@acme.example,${ISSUER},user-bob
eve@acme.example,Eve,,,
`;

async function startDev() {
  const [directory, state] = [await temporaryDirectory(), await temporaryDirectory()];
  await writeSoundDocuments(directory);
  const dev = new CrossgateProcess(["dev", "--config", directory, "--state", state, "--port", "0", "--json"]);
  const { url } = JSON.parse(await dev.line('"event":"listening"'));
  return { dev, state, url: String(url), key: join(state, "admin-key.json"), directory: await temporaryDirectory() };
}

describe("crossgate account", { timeout: 180_000 }, () => {
  it("keeps accounts, by the state of a running Crossgate and by its URL", async () => {
    const { dev, state, url, key, directory } = await startDev();
    const account = (...words: readonly string[]) => runCrossgate(["account", ...words, "--state", state]);
    const add = ["add", "acme", "ada", "--name", "Ada\u001B[2J", "--email", "ada@acme.example"];
    expect(await account(...add)).toEqual({ code: 0, stdout: "ada is an account of acme\n", stderr: "" });

    const people = await writeDocument(directory, "people.csv", PEOPLE);
    const byUrl = ["--url", url, "--key", key, "--json"];
    const imported = await runCrossgate(["account", "import", "acme", people, ...byUrl]);
    expect(imported).toEqual({ code: 0, stdout: '{"written":2}\n', stderr: "2 of 2 written\n" });

    const unbind = ["unbind", "acme", "--issuer", ISSUER, "--sub", "user-bob"];
    const [again, listed, shown] = await Promise.all([
      account(...add),
      account("list", "acme"),
      account("show", "acme", "bob"),
    ]);
    expect(again).toMatchObject({ code: 1, stdout: "" });
    expect(again.stderr).toMatch(/account: taken already.*--replace/);
    expect(listed.stdout).toBe(
      "ada  Ada\uFFFD[2J  ada@acme.example\nbob  Bob, the second  bob@acme.example b@acme.example\neve@acme.example  Eve\n",
    );
    expect(shown.stdout).toMatch(/^subject {4}user-bob at https:\/\/idp\.example\.com \(by administrator, \d{4}-/m);

    const [unbound, removed] = await Promise.all([
      account(...unbind, "--json"),
      account("remove", "acme", "eve@acme.example"),
    ]);
    expect(unbound.stdout).toBe(`{"effective_within_seconds":${LIMITS.accountFreshSeconds}}\n`);
    expect(removed.code).toBe(0);
    const [unboundAgain, gone] = await Promise.all([
      account(...unbind),
      account("show", "acme", "eve@acme.example"),
      importsMoreThanOneRequestHolds(state, directory),
    ]);
    expect(unboundAgain).toMatchObject({ code: 1, stdout: "" });
    expect(gone.stderr).toContain("account list");
    dev.signal("SIGTERM");
    expect(await dev.ended()).toBe(0);
  });

  it("says that nothing runs on a state, where nothing does", async () => {
    const state = await temporaryDirectory();
    await expect(command.run(["list", "acme", "--state", state])).rejects.toThrow(
      `No Crossgate runs on ${state}. Start one with: npx crossgate dev`,
    );
  });

  it.each([
    [[]],
    [["rename", "acme", "ada"]],
    [["list"]],
    [["list", "acme", "ada"]],
    [["list", "a/b"]],
    [["show", "acme"]],
    [["add", "acme", "a b"]],
    [["add", "acme", "ada", "--email", "ada"]],
    [["add", "acme", "ada", "--sub", "user-ada"]],
    [["unbind", "acme", "--issuer", ISSUER]],
    [["remove", "acme", "ada", "--replace"]],
    [["list", "acme", "--remote"]],
    [["import", "acme", "people.txt"]],
  ])("%j is wrong usage", async (commandLine) => {
    await expect(command.run(commandLine)).rejects.toBeInstanceOf(UsageError);
  });
});

/** One that fails on the way says where and how far it came; what is listed is what import takes. */
async function importsMoreThanOneRequestHolds(state: string, directory: string): Promise<void> {
  const client = await openAdminClient(chooseBackend({ state, remote: false }));
  const accounts = new AccountDirectory(client, "large");
  const written: number[] = [];
  const load = async (list: readonly object[], existing: "keep" | "replace") => {
    const path = await writeDocument(directory, "many.json", list);
    const onProgress = (count: number) => void written.push(count);
    await importAccounts(accounts, { path, placed: await readAccountFile(path), existing, onProgress });
  };
  const page = LIMITS.accountsPerPage;
  const many = Array.from({ length: page + 2 }, (_, index) => ({ account: `user-${String(index).padStart(4, "0")}` }));
  const emails = ["taken@acme.example"];
  await load([{ account: "first", emails }], "keep");
  const failure = load([...many.slice(0, -1), { account: "last", emails }], "keep");
  await expect(failure).rejects.toThrow(`(accounts.${page + 1}: email: taken already)`);
  await expect(failure).rejects.toThrow(`The ${page} accounts before accounts.${page} are written`);
  expect(written).toEqual([1, page]);

  await load(many, "replace");
  const listed = await listAll(accounts);
  expect(listed.map(({ account }) => account)).toEqual(["first", ...many.map(({ account }) => account)]);
  await load(listed, "replace");
  expect(await listAll(accounts)).toEqual(listed);
}

async function listAll(directory: AccountDirectory): Promise<readonly Account[]> {
  const listed: Account[] = [];
  for await (const page of directory.list()) listed.push(...page);
  return listed;
}
