import { BACKEND_OPTIONS, chooseBackend, withBackend } from "../backend/open-backend.ts";
import { type Command, parseCommandLine } from "../command.ts";
import { UsageError } from "../command-error.ts";
import { findDeployment } from "../deployment.ts";
import { describeStatus, readStatus } from "../status/status.ts";

const HELP = `Usage: crossgate status [--state DIR | --remote | --url URL] [options]

Counts the documents that are in force, names those that do not parse (they govern nothing, and what
they would have governed is refused), and says when the last decision was recorded, and how many of
each kind in the last hour. Of a deployment or a running crossgate dev also how identity providers'
security events come: when a stream was last verified, whether it is paused, and how polling it
went; and what somebody should look at, and what mends it: key sets that cannot be fetched and since
when, records that wait for the archive, ledgers that do not answer, sinks that are behind, an old
checkpoint, keys that are due for rotation.

  --state DIR    of a local state (default: .crossgate/state)
  --remote       of the deployment, by wrangler
  --url URL      a deployment, by its admin API; URL is its ISSUER (or CROSSGATE_URL)
  --key FILE     with --url: your admin key (or CROSSGATE_ADMIN_KEY)
  --issuer URL   the issuer identifier (default: that in wrangler.toml, or of crossgate dev)
  --json         {"where", "documents": {…}, "broken": […], "signal_streams": […], "health": […],
                 "audit": {"last_event", "last_hour": {…}}}
  --help         this text

Exit codes: 0 nothing to look at, 1 something, or it failed, 2 wrong usage. Example:

  npx crossgate status --remote
`;

const OPTIONS = { ...BACKEND_OPTIONS, issuer: { type: "string" }, json: { type: "boolean", default: false } } as const;

async function run(commandLine: readonly string[]): Promise<void> {
  const { values, positionals } = parseCommandLine({
    args: [...commandLine],
    options: OPTIONS,
    allowPositionals: true,
  });
  if (positionals.length > 0) throw new UsageError(`Unexpected "${positionals.join(" ")}": status takes no directory.`);
  const choice = chooseBackend(values);
  const deployment = await findDeployment({ issuer: values.issuer ?? choice.issuer, isLocal: choice.kind === "local" });
  const status = await withBackend(choice, (backend) => readStatus(backend, deployment, Date.now()));
  process.stdout.write(values.json ? `${JSON.stringify(status)}\n` : describeStatus(status));
  if (status.broken.length > 0 || (status.health ?? []).length > 0) process.exitCode = 1;
}

export const command: Command = { help: HELP, run };
