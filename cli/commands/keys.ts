import { type Command, parseCommandLine } from "../command.ts";
import { UsageError } from "../command-error.ts";
import { readFileText, readStandardInput } from "../input-text.ts";
import { runOrder } from "../revoke/run-order.ts";
import {
  createSigningKeys,
  parseSigningKeys,
  publicSigningKeys,
  rotateSigningKeys,
  type SigningKeySet,
} from "../signing-keys.ts";
import { createVaultKeys, parseVaultKeys, rotateVaultKeys, type VaultKeySet } from "../vault-keys.ts";

const HELP = `Usage: crossgate keys <new|rotate|show> [--vault] [--file PATH] [--json]
       crossgate keys revoke KID --reason WORD [options of crossgate revoke]

Makes and rotates the key set that signs access tokens: the Worker's secret SIGNING_KEYS. With --vault: the
one that encrypts upstream credentials, VAULT_KEYS.

  new      prints a new key set: one key that signs (current) and one that is published ahead (next)
  rotate   prints the key set that follows the present one: next becomes current, current becomes
           retired and loses its private half, and a fresh next is made
  show     prints kid, status and public members, never a private key
  revoke   ends a key that has got out: it leaves /jwks, and nothing that it signed is good any more.
           Rotate and deploy first: nothing is issued while the current key is revoked

  --vault       the vault's keys; rotate keeps the old ones, since records are under them until
                crossgate vault rotate has been through
  --drop KID    rotate --vault: leave out this retired key, which no record is under any more; repeatable
  --file PATH   where rotate and show read the present key set; standard input when absent
  --json        show, revoke: JSON instead of text (new and rotate always print JSON)
  --help        this text

Exit codes: 0 printed or in effect, 1 failed, 2 wrong usage.

new and rotate print private keys. Pipe them to where they are kept:

  npx crossgate keys new | npx wrangler secret put SIGNING_KEYS
  npx crossgate keys new --vault | npx wrangler secret put VAULT_KEYS
  npx crossgate keys revoke KID --reason INC-1234 --url https://mcp.example.com --key me.admin-key.json
`;

async function run(commandLine: readonly string[]): Promise<void> {
  const [first, ...rest] = commandLine;
  if (first === "revoke") return runOrder("revoke", ["signing-key", ...rest]);
  const { values, positionals } = parseCommandLine({
    args: [...commandLine],
    allowPositionals: true,
    options: {
      vault: { type: "boolean" },
      drop: { type: "string", multiple: true },
      file: { type: "string" },
      json: { type: "boolean" },
    },
  });
  const dropped = values.drop ?? [];
  const [action, ...surplus] = positionals;
  if (surplus.length > 0)
    throw new UsageError(`Unexpected "${surplus.join(" ")}": keys takes one of new, rotate, show, revoke.`);
  if (dropped.length > 0 && !(values.vault === true && action === "rotate"))
    throw new UsageError("--drop goes with rotate --vault.");
  if (values.vault === true) return runVault(action, { file: values.file, json: values.json === true, dropped });
  if (action === "new") return printKeySet(await createSigningKeys());
  if (action === "rotate") return printKeySet(await rotateSigningKeys(await readKeySet(values.file)));
  if (action === "show") return show(await readKeySet(values.file), values.json === true);
  throw new UsageError(`keys ${action ?? ""}: say one of new, rotate, show, revoke.`);
}

interface VaultChoice {
  readonly file: string | undefined;
  readonly json: boolean;
  readonly dropped: readonly string[];
}

async function runVault(action: string | undefined, { file, json, dropped }: VaultChoice): Promise<void> {
  if (action === "new") return printKeySet(createVaultKeys());
  if (action === "rotate") return printKeySet(rotateVaultKeys(await readVaultKeySet(file), dropped));
  if (action !== "show") throw new UsageError(`keys ${action ?? ""} --vault: say one of new, rotate, show.`);
  const keys = (await readVaultKeySet(file)).keys.map(({ kid, status }) => ({ kid, status }));
  if (json) process.stdout.write(`${JSON.stringify({ keys })}\n`);
  else for (const { kid, status } of keys) process.stdout.write(`${status.padEnd(8)} ${kid}\n`);
}

async function readVaultKeySet(path: string | undefined): Promise<VaultKeySet> {
  if (path !== undefined) return parseVaultKeys(await readFileText(path), path);
  return parseVaultKeys(await readStandardInput("the present key set, or name it with --file"), "Standard input");
}

async function readKeySet(path: string | undefined): Promise<SigningKeySet> {
  if (path !== undefined) return parseSigningKeys(await readFileText(path), path);
  return parseSigningKeys(await readStandardInput("the present key set, or name it with --file"), "Standard input");
}

function printKeySet(set: SigningKeySet | VaultKeySet): void {
  process.stdout.write(`${JSON.stringify(set)}\n`);
}

function show(set: SigningKeySet, asJson: boolean): void {
  const keys = publicSigningKeys(set);
  if (asJson) process.stdout.write(`${JSON.stringify({ keys })}\n`);
  else
    for (const key of keys)
      process.stdout.write(`${key.status.padEnd(8)} ${key.kid}  ${key.kty} ${key.crv}  x ${key.x}  y ${key.y}\n`);
}

export const command: Command = { help: HELP, run };
