import { BACKEND_OPTIONS, chooseBackend, withBackend } from "../backend/open-backend.ts";
import { type Command, parseCommandLine } from "../command.ts";
import { findDeployment } from "../deployment.ts";
import { describePlan } from "../diff/describe-plan.ts";
import { makePlan } from "../diff/plan.ts";
import { takeDirectory } from "../positional.ts";
import { requireTrustDocuments } from "../trust-documents.ts";

const HELP = `Usage: crossgate diff [DIR] [--state DIR | --remote | --url URL] [options]

Says what applying DIR (default: config) would change: which documents, and in the words of their
rules who gains and who loses, decided by the same engine that decides in the Worker.

  --state DIR    against a local state (default: .crossgate/state)
  --remote       against the deployment, by wrangler
  --url URL      a deployment, by its admin API; URL is its ISSUER (or CROSSGATE_URL)
  --key FILE     with --url: your admin key (or CROSSGATE_ADMIN_KEY)
  --prune        also remove what is in KV and in no file
  --issuer URL   the issuer identifier (default: that in wrangler.toml, or of crossgate dev)
  --json         {"documents": […], "kept": […], "broken": […], "access": {"changes": […], …}}
  --help         this text

Exit codes: 0 nothing changes, 3 something does, 1 failed, 2 wrong usage. Example:

  npx crossgate diff config --remote
`;

const OPTIONS = {
  ...BACKEND_OPTIONS,
  prune: { type: "boolean", default: false },
  issuer: { type: "string" },
  json: { type: "boolean", default: false },
} as const;

const CHANGES = 3;

async function run(commandLine: readonly string[]): Promise<void> {
  const { values, positionals } = parseCommandLine({
    args: [...commandLine],
    options: OPTIONS,
    allowPositionals: true,
  });
  const directory = takeDirectory(positionals);
  const choice = chooseBackend(values);
  const deployment = await findDeployment({ issuer: values.issuer ?? choice.issuer, isLocal: choice.kind === "local" });
  const stated = await requireTrustDocuments(directory, deployment.rules);
  const plan = await withBackend(choice, async (backend) => {
    const inForce = await backend.readDocuments();
    const nowSeconds = Math.floor(Date.now() / 1000);
    return makePlan({ backend, inForce, stated, deployment, prunes: values.prune, nowSeconds });
  });
  process.stdout.write(values.json ? `${JSON.stringify(plan)}\n` : describePlan(plan));
  if (plan.documents.length > 0) process.exitCode = CHANGES;
}

export const command: Command = { help: HELP, run };
