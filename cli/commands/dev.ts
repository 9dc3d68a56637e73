import { resolve } from "node:path";
import type { EgressRules } from "../../src/egress/url-policy.ts";
import { type Command, parseCommandLine, parseWholeNumber } from "../command.ts";
import { DevReport } from "../dev/dev-report.ts";
import { FollowedTrust } from "../dev/followed-trust.ts";
import { runLocalUpkeep } from "../dev/upkeep.ts";
import { readRefusedRequest } from "../dev/worker-line.ts";
import { egressRulesFor } from "../issuer.ts";
import { type LocalCrossgate, startLocalCrossgate } from "../local-runtime.ts";
import { announceRunning, ensureLocalAdmins, localAdminKeyPath } from "../running-dev.ts";
import { ensureLocalSecrets } from "../secrets.ts";
import { lockState } from "../state-lock.ts";
import { requireTrustDocuments, type TrustDocument } from "../trust-documents.ts";
import { removeOtherDocuments } from "../trust-store.ts";
import { summarizeTrust } from "../trust-summary.ts";
import { watchTrustDirectory } from "../trust-watch.ts";

const HELP = `Usage: crossgate dev [--config DIR] [--port N] [options]

Runs Crossgate on this machine in workerd, the runtime that Cloudflare uses, with everything that
wrangler.toml binds to it. Needs no account and no network. Says what is odd about the documents, as
crossgate check does, and tells each request that is refused or fails in a line: the reason, what it
means, what mends it. No line holds a token, a secret, or anything else that the request said.

  --config DIR     trust and policy: DIR/idp, DIR/client, DIR/resource, DIR/tools, DIR/policy and DIR/sink
                   with one JSON document per file (default: config). Edits apply as you save them; a
                   broken file is refused by name and its last good document stays in force
  --port N         port to listen on, 0 for a free one (default: 8787)
  --host ADDRESS   address to listen on (default: 127.0.0.1, which only this machine reaches)
  --issuer URL     the issuer identifier (default: http://127.0.0.1:<port>); with an https one, refusals
                   are told by their records alone: crossgate explain <correlation id>
  --state DIR      where state and development secrets are kept (default: .crossgate/state)
  --rate-limit N   requests per ten seconds, per network and per client (default: practically none)
  --upkeep-every N seconds from one round of upkeep to the next, which signs a checkpoint of the audit
                   trail; the first is after a minute at most (default: 3600)
  --json           one JSON object per line; the first says what it listens on and what it trusts
  --help           this text

Stop it with Ctrl-C; the state is kept.

Exit codes: 0 stopped, 1 it could not start, 2 wrong usage. Example:

  npx crossgate dev --config config --port 8787
`;

const OPTIONS = {
  config: { type: "string", default: "config" },
  port: { type: "string", default: "8787" },
  host: { type: "string", default: "127.0.0.1" },
  issuer: { type: "string" },
  state: { type: "string", default: ".crossgate/state" },
  "rate-limit": { type: "string" },
  "upkeep-every": { type: "string", default: "3600" },
  json: { type: "boolean", default: false },
} as const;

const LOOPBACK_ADDRESS = /^(?:127\.\d+\.\d+\.\d+|::1|localhost)$/;

interface Settings {
  readonly configDirectory: string;
  readonly stateDirectory: string;
  readonly host: string;
  readonly port: number;
  readonly issuer: string | undefined;
  readonly rateLimit: number | undefined;
  readonly upkeepSeconds: number;
  readonly rules: EgressRules;
}

async function run(commandLine: readonly string[]): Promise<void> {
  const { values } = parseCommandLine({ args: [...commandLine], options: OPTIONS });
  const settings = readSettings(values);
  const report = new DevReport(values.json);
  const interruption = interruptionSignal();
  try {
    await serve(settings, report, interruption);
  } catch (error) {
    // Ctrl-C reaches the build and the runtime as well, and they may fail of it before we are done.
    if (!interruption.aborted) throw error;
  }
}

function readSettings(values: ReturnType<typeof parseCommandLine<{ options: typeof OPTIONS }>>["values"]): Settings {
  const rateLimit = values["rate-limit"];
  return {
    configDirectory: values.config,
    stateDirectory: resolve(values.state),
    host: values.host,
    port: parseWholeNumber({ option: "--port", text: values.port, minimum: 0, maximum: 65_535 }),
    issuer: values.issuer,
    rateLimit:
      rateLimit === undefined
        ? undefined
        : parseWholeNumber({ option: "--rate-limit", text: rateLimit, minimum: 1, maximum: 1_000_000 }),
    upkeepSeconds: parseWholeNumber({
      option: "--upkeep-every",
      text: values["upkeep-every"],
      minimum: 1,
      maximum: 86_400,
    }),
    rules: egressRulesFor(values.issuer ?? "http://127.0.0.1:1"),
  };
}

/** For good, not once: npx passes on a signal that we also get directly, and wrangler re-raises one nobody else handles. */
function interruptionSignal(): AbortSignal {
  const interruption = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => interruption.abort());
  return interruption.signal;
}

async function serve(settings: Settings, report: DevReport, interruption: AbortSignal): Promise<void> {
  const { configDirectory, rules } = settings;
  const documents = await requireTrustDocuments(configDirectory, rules);
  const unlock = await lockState(settings.stateDirectory);
  const trust = new FollowedTrust(documents, { configDirectory, report });
  const hear = (line: string) => hearWorker(line, { trust, report, stateDirectory: settings.stateDirectory });
  const crossgate = await start(settings, documents, hear).catch(async (error: unknown) => {
    await unlock();
    throw error;
  });
  const withdraw = await announceRunning(settings.stateDirectory, { url: crossgate.url, issuer: crossgate.issuer });
  try {
    const stale = await removeOtherDocuments(crossgate.kv, documents);
    report.listening(factsOf(crossgate, settings, documents));
    report.removedStale(stale);
    if (!LOOPBACK_ADDRESS.test(settings.host)) report.exposed(settings.host);
    const deployment = { issuer: crossgate.issuer, rules };
    await Promise.all([
      watchTrustDirectory(configDirectory, () => trust.apply(crossgate.kv, deployment), interruption),
      runLocalUpkeep(crossgate, settings.upkeepSeconds, interruption),
    ]);
  } finally {
    await withdraw();
    await crossgate.stop();
    await unlock();
  }
  report.stopped();
}

async function start(
  { stateDirectory, host, port, issuer, rateLimit }: Settings,
  documents: readonly TrustDocument[],
  onLog: (line: string) => void,
): Promise<LocalCrossgate> {
  const secrets = await ensureLocalSecrets(stateDirectory);
  const admins = await ensureLocalAdmins(stateDirectory);
  return startLocalCrossgate({
    host,
    port,
    documents: [...documents, ...admins],
    stateDirectory,
    onLog,
    secrets,
    ...(issuer === undefined ? {} : { issuer }),
    ...(rateLimit === undefined ? {} : { rateLimits: { network: rateLimit, client: rateLimit } }),
  });
}

interface Hearing {
  readonly trust: FollowedTrust;
  readonly report: DevReport;
  readonly stateDirectory: string;
}

/** What the Worker says of requests is told with the rest; everything else that is logged goes to stderr as it is. */
function hearWorker(line: string, { trust, report, stateDirectory }: Hearing): void {
  const request = readRefusedRequest(line);
  if (request === null) return void process.stderr.write(`${line}\n`);
  const [clients, servers] = [trust.names("client"), trust.names("resource")];
  report.requestRefused(request, { nowMilliseconds: Date.now(), stateDirectory, clients, servers });
}

function factsOf({ url, issuer }: LocalCrossgate, settings: Settings, documents: readonly TrustDocument[]) {
  return {
    url,
    issuer,
    token_endpoint: `${issuer}/token`,
    metadata_url: `${issuer}/.well-known/oauth-authorization-server`,
    config_directory: settings.configDirectory,
    state_directory: settings.stateDirectory,
    admin_api: `${issuer}/admin/v1`,
    admin_key: localAdminKeyPath(settings.stateDirectory),
    trust: summarizeTrust(documents, settings.rules),
  };
}

export const command: Command = { help: HELP, run };
