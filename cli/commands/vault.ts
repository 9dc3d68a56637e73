import { setTimeout as pause } from "node:timers/promises";
import { LIMITS } from "../../src/limits.ts";
import { secretNameSchema } from "../../src/trust/upstream-credential.ts";
import { BACKEND_OPTIONS, chooseBackend, openAdminClient } from "../backend/open-backend.ts";
import { type Command, parseCommandLine, parseWholeNumber } from "../command.ts";
import { CommandError, UsageError } from "../command-error.ts";
import { readFileText, readStandardInput } from "../input-text.ts";
import { describeSecret, describeVault } from "../vault/describe-vault.ts";
import { SecretVault } from "../vault/secret-vault.ts";

const HELP = `Usage: crossgate vault <set|delete> NAME [options]
       crossgate vault <list|status|rotate> [options]

The secrets that the gateway presents to MCP servers, encrypted. A server's document names one:
"upstream_credential": {"type": "secret", "secret": "NAME"}. What is set cannot be read again.

  set NAME     sets a secret, or replaces it, with what is on standard input
    --file PATH      with what is in this file instead; one line end at its end is left out
    --resource URL   may be used for this server, or identity provider, alone; once for each (default: for any)
  delete NAME  servers whose documents name it cannot be called then
  list         names, when made and last used, and the key that each is under; never a value
  status       under which keys the secrets are, and how far the rotation has come
  rotate       wraps every record anew under the current key of VAULT_KEYS, in the background; waits for it
    --wait SECONDS   how long to wait (default: 60); 0: not at all

  --state DIR    of the Crossgate that runs on this state (default: .crossgate/state)
  --url URL      of a deployment, by its admin API; URL is its ISSUER (or CROSSGATE_URL)
  --key FILE     with --url: your admin key (or CROSSGATE_ADMIN_KEY)
  --json         what the admin API answers
  --help         this text

Exit codes: 0 done, 1 failed, refused or not finished in time, 2 wrong usage. Example:

  npx crossgate vault set files-key --resource https://mcp.example.com/files/mcp < files-key.txt
`;

const OPTIONS = {
  ...BACKEND_OPTIONS,
  file: { type: "string" },
  resource: { type: "string", multiple: true },
  wait: { type: "string" },
  json: { type: "boolean", default: false },
} as const;

type Values = ReturnType<typeof parse>["values"];

function parse(commandLine: readonly string[]) {
  return parseCommandLine({ args: [...commandLine], options: OPTIONS, allowPositionals: true });
}

interface Action {
  readonly takesName: boolean;
  readonly options: readonly (keyof Values)[];
  /** Whatever is wrong with the command line is thrown before anything is asked. */
  readonly prepare: (name: string, values: Values) => Work | Promise<Work>;
}
type Work = (vault: SecretVault) => Promise<void>;

const ACTIONS: ReadonlyMap<string, Action> = new Map<string, Action>([
  ["set", { takesName: true, options: ["file", "resource"], prepare: set }],
  ["delete", { takesName: true, options: [], prepare: remove }],
  ["list", { takesName: false, options: [], prepare: (_name, values) => list(values) }],
  ["status", { takesName: false, options: [], prepare: (_name, values) => status(values) }],
  ["rotate", { takesName: false, options: ["wait"], prepare: (_name, values) => rotate(values) }],
]);
const COMMON: ReadonlySet<string> = new Set([...Object.keys(BACKEND_OPTIONS), "json"]);

async function run(commandLine: readonly string[]): Promise<void> {
  const { values, positionals } = parse(commandLine);
  const [verb = "", ...words] = positionals;
  const action = ACTIONS.get(verb);
  if (action === undefined) throw new UsageError(`vault ${verb}: say one of ${[...ACTIONS.keys()].join(", ")}.`);
  const [name = ""] = words;
  // Not quoted: who gives a value for a second word has given a secret.
  if (words.length !== (action.takesName ? 1 : 0)) {
    const value = verb === "set" ? " The value comes from standard input or --file, never from the command line." : "";
    throw new UsageError(`Say: crossgate vault ${verb}${action.takesName ? " NAME" : ""}.${value}`);
  }
  const { error } = secretNameSchema.safeParse(name);
  if (action.takesName && error !== undefined) throw new UsageError(`NAME: ${error.issues[0]?.message ?? "is none"}.`);
  refuseIdleOptions(verb, action, values);
  const choice = chooseBackend(values);
  const work = await action.prepare(name, values);
  await work(new SecretVault(await openAdminClient(choice)));
}

function refuseIdleOptions(verb: string, { options }: Action, values: Values): void {
  const given = Object.entries(values).filter(([, value]) => value !== false && value !== undefined);
  const idle = given.find(([name]) => !COMMON.has(name) && !options.some((option) => option === name));
  if (idle !== undefined) throw new UsageError(`--${idle[0]} says nothing to vault ${verb}.`);
}

async function set(name: string, values: Values): Promise<Work> {
  const { file, resource: resources = [] } = values;
  const text =
    file === undefined ? await readStandardInput("the secret, or name its file with --file") : await readFileText(file);
  const value = text.replace(/\r?\n$/, "");
  requireValue(value, file ?? "Standard input");
  return async (vault) => {
    const answer = await vault.set(name, value, resources);
    const deed = answer.created ? "is in the vault" : "is another now";
    print(values, answer, `${name} ${deed}; in effect everywhere within ${answer.effective_within_seconds} s\n`);
  };
}

/** What the Worker would refuse, said before the value goes anywhere; and nothing of the value. */
function requireValue(value: string, source: string): void {
  if (value === "") throw new CommandError(`${source} is empty.`);
  if (value.length > LIMITS.secretValueBytes)
    throw new CommandError(`${source} is longer than ${LIMITS.secretValueBytes} characters.`);
  if (!/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value))
    throw new CommandError(
      `${source} holds what no header may hold: give one line of printable ASCII without spaces around it (a JWK: jq -c .).`,
    );
}

function remove(name: string, values: Values): Work {
  return async (vault) => {
    const seconds = await vault.delete(name);
    print(values, { effective_within_seconds: seconds }, `${name} is deleted; used nowhere after ${seconds} s\n`);
  };
}

function list(values: Values): Work {
  return async (vault) => {
    const secrets = await vault.list();
    print(values, { secrets }, secrets.map((secret) => describeSecret(secret)).join(""));
  };
}

function status(values: Values): Work {
  return async (vault) => {
    const state = await vault.status();
    print(values, state, describeVault(state));
  };
}

const POLL_MILLISECONDS = 500;
const MAXIMUM_WAIT_SECONDS = 86_400;

function rotate(values: Values): Work {
  const text = values.wait ?? "60";
  const seconds = parseWholeNumber({ option: "--wait", text, minimum: 0, maximum: MAXIMUM_WAIT_SECONDS });
  return async (vault) => {
    const until = Date.now() + seconds * 1000;
    let state = await vault.rotate();
    while (state.rotation?.finished_at === null && Date.now() < until) {
      await pause(POLL_MILLISECONDS);
      state = await vault.status();
    }
    print(values, state, describeVault(state));
    if (state.rotation?.finished_at === null && seconds > 0)
      throw new CommandError("Not finished yet; it goes on in the background: crossgate vault status.");
    if ((state.rotation?.damaged ?? 0) > 0)
      throw new CommandError("Some records could not be wrapped anew; keep every key until they are set anew.");
  };
}

function print({ json }: Values, value: object, words: string): void {
  process.stdout.write(json ? `${JSON.stringify(value)}\n` : words);
}

export const command: Command = { help: HELP, run };
