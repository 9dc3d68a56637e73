import { organizationSchema } from "../../src/policy/organization.ts";
import { type SubjectKey, subjectKeySchema } from "../../src/policy/subject-key.ts";
import { accountSchema } from "../../src/trust/account.ts";
import { AccountDirectory, type Existing } from "../accounts/account-directory.ts";
import { readAccountFile } from "../accounts/account-file.ts";
import { describeAccount, toAccountLine } from "../accounts/describe-account.ts";
import { importAccounts } from "../accounts/import-accounts.ts";
import { BACKEND_OPTIONS, chooseBackend, openAdminClient } from "../backend/open-backend.ts";
import { type Command, parseCommandLine } from "../command.ts";
import { UsageError } from "../command-error.ts";

const HELP = `Usage: crossgate account <add|list|show|remove|unbind|import> ORGANIZATION … [options]

The accounts of an organization's users: who somebody is for the identity providers whose document says
"subject_resolution": {"mode": "strict", …}. What finds an account finds one alone.

  add ORGANIZATION ACCOUNT     makes an account
    --name TEXT                for people to read
    --email ADDRESS            by which an assertion finds it; once for each
    --issuer URL --sub SUB [--tenant TENANT]
                               a subject that is this account from now on
  list ORGANIZATION            all of them, by id
  show ORGANIZATION ACCOUNT    one, with the subjects that are bound to it, how and since when
  remove ORGANIZATION ACCOUNT  its subjects are nobody until they find an account again
  unbind ORGANIZATION --issuer URL --sub SUB [--tenant TENANT]
                               lets a subject find an account anew, and its account another subject
  import ORGANIZATION FILE     many at once. FILE ends in .csv, with a header (account; and any of name,
                               emails, with spaces between several; issuer, tenant, sub), or in .json, as
                               \`list --json\` prints. A file with a flaw is not sent; a request of up to 500
                               accounts is written as a whole or not at all

  --replace      add, import: an account that is there already becomes what is said here, and keeps its
                 subjects; without it, that is an error
  --state DIR    of the Crossgate that runs on this state (default: .crossgate/state)
  --url URL      of a deployment, by its admin API; URL is its ISSUER (or CROSSGATE_URL)
  --key FILE     with --url: your admin key (or CROSSGATE_ADMIN_KEY)
  --json         list: {"accounts": […]}; show: {"account": {…}, "bindings": […]}; add and import:
                 {"written": …}; remove and unbind: {"effective_within_seconds": …}
  --help         this text

Exit codes: 0 done, 1 failed or refused, 2 wrong usage. Example:

  npx crossgate account add acme ada --name "Ada" --email ada@acme.example
  npx crossgate account import acme people.csv --url https://mcp.example.com --key me.admin-key.json
`;

const TEXT = { type: "string" } as const;
const FLAG = { type: "boolean", default: false } as const;
const OPTIONS = {
  ...BACKEND_OPTIONS,
  ...({ name: TEXT, issuer: TEXT, sub: TEXT, tenant: TEXT, replace: FLAG, json: FLAG } as const),
  email: { type: "string", multiple: true },
} as const;

type Values = ReturnType<typeof parse>["values"];

function parse(commandLine: readonly string[]) {
  return parseCommandLine({ args: [...commandLine], options: OPTIONS, allowPositionals: true });
}

/** What one word does, once its organization is known. */
interface Action {
  /** What it takes after the organization. */
  readonly takes: "ACCOUNT" | "FILE" | null;
  readonly options: readonly (keyof Values)[];
  /** @returns what to do; whatever is wrong with the command line is thrown before anything is asked */
  readonly prepare: (word: string, values: Values) => Promise<Work> | Work;
}
type Work = (directory: AccountDirectory, organization: string) => Promise<void>;

const SUBJECT = ["issuer", "sub", "tenant"] as const;
const ACTIONS: ReadonlyMap<string, Action> = new Map<string, Action>([
  ["add", { takes: "ACCOUNT", options: ["name", "email", "replace", ...SUBJECT], prepare: add }],
  ["list", { takes: null, options: [], prepare: (_word, values) => list(values) }],
  ["show", { takes: "ACCOUNT", options: [], prepare: show }],
  ["remove", { takes: "ACCOUNT", options: [], prepare: remove }],
  ["unbind", { takes: null, options: SUBJECT, prepare: (_word, values) => unbind(values) }],
  ["import", { takes: "FILE", options: ["replace"], prepare: importFile }],
]);
const COMMON: ReadonlySet<string> = new Set([...Object.keys(BACKEND_OPTIONS), "json"]);

async function run(commandLine: readonly string[]): Promise<void> {
  const { values, positionals } = parse(commandLine);
  const [verb = "", organization = "", ...words] = positionals;
  const action = ACTIONS.get(verb);
  if (action === undefined) throw new UsageError(`account ${verb}: say one of ${[...ACTIONS.keys()].join(", ")}.`);
  const usage = `Say: crossgate account ${verb} ORGANIZATION${action.takes === null ? "" : ` ${action.takes}`}.`;
  if (words.length !== (action.takes === null ? 0 : 1)) throw new UsageError(usage);
  const { error } = organizationSchema.safeParse(organization);
  if (error !== undefined) throw new UsageError(`"${organization}": ${error.issues[0]?.message ?? ""}. ${usage}`);
  refuseIdleOptions(verb, action, values);
  const choice = chooseBackend(values);
  const work = await action.prepare(words[0] ?? "", values);
  await work(new AccountDirectory(await openAdminClient(choice), organization), organization);
}

function refuseIdleOptions(verb: string, { options }: Action, values: Values): void {
  const given = Object.entries(values).filter(([, value]) => value !== false && String(value) !== "");
  const idle = given.find(([name]) => !COMMON.has(name) && !options.some((option) => option === name));
  if (idle !== undefined) throw new UsageError(`--${idle[0]} says nothing to account ${verb}.`);
}

function add(account: string, values: Values): Work {
  const { name, email: emails = [], issuer, sub, tenant } = values;
  const hasSubject = [issuer, sub, tenant].some((part) => part !== undefined);
  const subjects = hasSubject ? [readSubject(values)] : [];
  const { data, error } = accountSchema.safeParse({ account, name, emails, subjects });
  if (data === undefined) {
    const [issue] = error.issues;
    throw new UsageError(`${OPTION_OF[String(issue?.path[0])] ?? "The account"}: ${issue?.message ?? "is none"}.`);
  }
  return async (directory, organization) => {
    await directory.write([data], existing(values));
    print(values, { written: 1 }, `${account} is an account of ${organization}\n`);
  };
}

const OPTION_OF: Readonly<Record<string, string>> = { account: "ACCOUNT", name: "--name", emails: "--email" };

function list({ json }: Values): Work {
  return async (directory) => {
    const accounts: unknown[] = [];
    for await (const page of directory.list()) {
      if (json) accounts.push(...page);
      else for (const account of page) process.stdout.write(`${toAccountLine(account)}\n`);
    }
    if (json) process.stdout.write(`${JSON.stringify({ accounts })}\n`);
  };
}

function show(account: string, values: Values): Work {
  return async (directory) => {
    const found = await directory.find(account);
    print(values, found, describeAccount(found));
  };
}

function remove(account: string, values: Values): Work {
  return async (directory, organization) => {
    const seconds = await directory.remove(account);
    const words = `${account} is no account of ${organization} any more; felt everywhere within ${seconds} s\n`;
    print(values, { effective_within_seconds: seconds }, words);
  };
}

function unbind(values: Values): Work {
  const subject = readSubject(values);
  return async (directory) => {
    const seconds = await directory.unbind(subject);
    const words = `${subject.sub} is bound to no account any more; felt everywhere within ${seconds} s\n`;
    print(values, { effective_within_seconds: seconds }, words);
  };
}

async function importFile(path: string, values: Values): Promise<Work> {
  const placed = await readAccountFile(path);
  return async (directory, organization) => {
    const onProgress = (written: number) => void process.stderr.write(`${written} of ${placed.length} written\n`);
    await importAccounts(directory, { path, placed, existing: existing(values), onProgress });
    print(values, { written: placed.length }, `${placed.length} accounts of ${organization} are as ${path} says\n`);
  };
}

function readSubject({ issuer, sub, tenant }: Values): SubjectKey {
  const { data } = subjectKeySchema.safeParse({ issuer, sub, tenant });
  if (data !== undefined) return data;
  throw new UsageError("Give --issuer URL and --sub SUB, and --tenant where the provider has tenants.");
}

function existing({ replace }: Values): Existing {
  return replace ? "replace" : "keep";
}

function print({ json }: Values, value: object, words: string): void {
  process.stdout.write(json ? `${JSON.stringify(value)}\n` : words);
}

export const command: Command = { help: HELP, run };
