import { BACKEND_OPTIONS, chooseBackend, withBackend } from "../backend/open-backend.ts";
import type { TrustBackend, TrustWrites } from "../backend/trust-backend.ts";
import { checkTrust } from "../check/check-trust.ts";
import { describeFinding, type Finding } from "../check/finding.ts";
import { type FindAuthor, findAuthor } from "../change-author.ts";
import { type Command, parseCommandLine } from "../command.ts";
import { CommandError, UsageError } from "../command-error.ts";
import { confirm } from "../confirm.ts";
import { type Deployment, findDeployment } from "../deployment.ts";
import { describePlan } from "../diff/describe-plan.ts";
import { makePlan, type Plan } from "../diff/plan.ts";
import { takeDirectory } from "../positional.ts";
import type { TrustDocument } from "../trust-documents.ts";

const HELP = `Usage: crossgate apply [DIR] [--state DIR | --remote | --url URL] [options]

Checks DIR (default: config), shows what would change and for whom, asks, and writes it to KV.
A document that does not parse is never written. What is in KV and in no file stays.

  --state DIR    a local state (default: .crossgate/state), through crossgate dev when it runs on it;
                 dev also applies the files of its own directory as you save them
  --remote       the deployment, by wrangler
  --url URL      a deployment, by its admin API; URL is its ISSUER (or CROSSGATE_URL)
  --key FILE     with --url: your admin key (or CROSSGATE_ADMIN_KEY); with --state or --remote it signs
                 the note of who changed what
  --by NAME      with --state or --remote: who you are (default: git's user.email, else the account)
  --yes          do not ask; without a terminal nothing is written unless this is given
  --prune        also remove what is in KV and in no file
  --issuer URL   the issuer identifier (default: that in wrangler.toml, or of crossgate dev)
  --json         the plan as crossgate diff gives it, with "findings" and "applied"; needs --yes
  --help         this text

With --url each change is on record before it is made, under the name of the key. With --state and
--remote a note is left beside the documents (who, which, from which revision to which), and the Worker
makes a record of it within ten minutes: claimed, or where a key has signed it that administrator's.

It takes effect as KV spreads it, 60 s or more, and up to 30 s in a running isolate on top.

Exit codes: 0 applied or nothing to do, 1 failed or declined, 2 wrong usage or nobody to ask. Example:

  npx crossgate apply config --url https://mcp.example.com --key me.admin-key.json
`;

const OPTIONS = {
  ...BACKEND_OPTIONS,
  yes: { type: "boolean", default: false },
  prune: { type: "boolean", default: false },
  by: { type: "string" },
  issuer: { type: "string" },
  json: { type: "boolean", default: false },
} as const;

interface Settings {
  readonly directory: string;
  readonly deployment: Deployment;
  readonly findAuthor: FindAuthor;
  readonly prunes: boolean;
  readonly asksFirst: boolean;
  readonly asJson: boolean;
}

async function run(commandLine: readonly string[]): Promise<void> {
  const { values, positionals } = parseCommandLine({
    args: [...commandLine],
    options: OPTIONS,
    allowPositionals: true,
  });
  if (values.json && !values.yes)
    throw new UsageError("With --json there is nothing to look at before you say yes: give --yes too.");
  const { by, ...others } = values;
  const isDirect = values.remote || values.state !== undefined;
  const choice = chooseBackend(isDirect ? { ...others, key: undefined } : others);
  const deployment = await findDeployment({ issuer: values.issuer ?? choice.issuer, isLocal: choice.kind === "local" });
  const keyPath = choice.kind === "remote" ? (values.key ?? environmentKey()) : values.key;
  const settings: Settings = {
    directory: takeDirectory(positionals),
    deployment,
    findAuthor: () => findAuthor({ by, keyPath, issuer: deployment.issuer }),
    prunes: values.prune,
    asksFirst: !values.yes,
    asJson: values.json,
  };
  await withBackend(choice, (backend) => apply(backend, settings));
}

function environmentKey(): string | undefined {
  const path = process.env["CROSSGATE_ADMIN_KEY"] ?? "";
  return path === "" ? undefined : path;
}

async function apply(backend: TrustBackend, settings: Settings): Promise<void> {
  const { directory, deployment, prunes, asJson } = settings;
  const inForce = await backend.readDocuments();
  const nowMilliseconds = Date.now();
  const context = prunes ? [] : inForce;
  const { documents, findings } = await checkTrust(directory, { deployment, nowMilliseconds, inForce: context });
  refuseErrors(findings);
  const nowSeconds = Math.floor(nowMilliseconds / 1000);
  const plan = await makePlan({ backend, inForce, stated: documents, deployment, prunes, nowSeconds });
  if (!asJson)
    process.stdout.write(`${findings.map((one) => `${describeFinding(one)}\n`).join("")}${describePlan(plan)}`);
  if (plan.documents.length > 0) await write(backend, writesFor(plan, documents), settings);
  if (asJson) process.stdout.write(`${JSON.stringify({ ...plan, findings, applied: plan.documents.length > 0 })}\n`);
}

function refuseErrors(findings: readonly Finding[]): void {
  const errors = findings.filter(({ severity }) => severity === "error");
  if (errors.length === 0) return;
  throw new CommandError(
    `Nothing was written: mend the errors first.\n${errors.map((one) => describeFinding(one)).join("\n")}`,
  );
}

function writesFor({ documents }: Plan, stated: readonly TrustDocument[]): TrustWrites {
  const changed = new Set(documents.flatMap(({ change, key }) => (change === "removed" ? [] : [key])));
  return {
    put: stated.flatMap(({ key, value }) => (changed.has(key) ? [{ key, value }] : [])),
    remove: documents.flatMap(({ change, key }) => (change === "removed" ? [key] : [])),
  };
}

async function write(backend: TrustBackend, writes: TrustWrites, settings: Settings): Promise<void> {
  const { asksFirst, asJson } = settings;
  if (asksFirst && !(await confirm(`Apply this to ${backend.name}?`))) {
    throw new CommandError("Declined: nothing was written.");
  }
  await backend.write(writes, settings.findAuthor);
  if (asJson) return;
  const { put, remove } = writes;
  process.stdout.write(
    [...put.map(({ key }) => `wrote    ${key}\n`), ...remove.map((key) => `removed  ${key}\n`)].join(""),
  );
}

export const command: Command = { help: HELP, run };
