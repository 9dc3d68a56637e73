import { LIMITS } from "../../src/limits.ts";
import { createRandomSecret, digestClientSecret } from "../client-secret.ts";
import { type Command, parseCommandLine } from "../command.ts";
import { CommandError, UsageError } from "../command-error.ts";
import { readFileText, readStandardInput } from "../input-text.ts";
import { ensureLocalSecrets } from "../secrets.ts";

const HELP = `Usage: crossgate secret [--pepper-file PATH | --state DIR] [--stdin] [--json]

Makes a client secret and the digest of it that goes into the client's document, under
authentication.secret_digests. The secret is printed this once and kept nowhere.

The pepper is the Worker's secret CLIENT_SECRET_PEPPER, taken from the first of

  --pepper-file PATH     a file that holds it
  --state DIR            the state of a local Crossgate, as given to crossgate dev
  CLIENT_SECRET_PEPPER   the environment variable

  --stdin   digest the secret on standard input instead of making one
  --json    {"client_secret": …, "secret_digest": …}
  --help    this text

Exit codes: 0 printed, 1 failed, 2 wrong usage. Example:

  npx crossgate secret --state .crossgate/state
`;

async function run(commandLine: readonly string[]): Promise<void> {
  const { values } = parseCommandLine({
    args: [...commandLine],
    options: {
      "pepper-file": { type: "string" },
      state: { type: "string" },
      stdin: { type: "boolean" },
      json: { type: "boolean" },
    },
  });
  const pepper = await findPepper(values["pepper-file"], values.state);
  requireLength(pepper, "The pepper");
  const secret = values.stdin === true ? await readSecret() : createRandomSecret();
  requireLength(secret, "The client secret");
  const digest = digestClientSecret(secret, pepper);
  if (values.json === true)
    process.stdout.write(`${JSON.stringify({ client_secret: secret, secret_digest: digest })}\n`);
  else process.stdout.write(`client secret   ${secret}\nsecret digest   ${digest}\n`);
}

async function findPepper(file: string | undefined, stateDirectory: string | undefined): Promise<string> {
  if (file !== undefined && stateDirectory !== undefined)
    throw new UsageError("Give --pepper-file or --state, not both.");
  if (file !== undefined) return requireText(withoutLineEnd(await readFileText(file)), file);
  if (stateDirectory !== undefined) return localPepper(stateDirectory);
  const pepper = process.env["CLIENT_SECRET_PEPPER"] ?? "";
  if (pepper !== "") return pepper;
  throw new UsageError("No pepper: give --pepper-file PATH or --state DIR, or set CLIENT_SECRET_PEPPER.");
}

/** Made when it is missing: `dev` does not start before the first client has a digest, and would make it only then. */
async function localPepper(stateDirectory: string): Promise<string> {
  return (await ensureLocalSecrets(stateDirectory)).CLIENT_SECRET_PEPPER;
}

async function readSecret(): Promise<string> {
  return requireText(withoutLineEnd(await readStandardInput("the client secret")), "Standard input");
}

/** A keyed hash protects what cannot be guessed, and nothing else; the Worker refuses to start with a short pepper. */
function requireLength(text: string, what: string): void {
  if (text.length >= LIMITS.secretCharacters) return;
  throw new CommandError(
    `${what} has ${text.length} characters; it takes ${LIMITS.secretCharacters} random ones at the least: openssl rand -base64 32.`,
  );
}

function requireText(text: string, source: string): string {
  if (text === "") throw new CommandError(`${source} is empty.`);
  return text;
}

/** Editors and echo end a line; wrangler, reading the same file as a secret, does not keep it either. */
function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, "");
}

export const command: Command = { help: HELP, run };
