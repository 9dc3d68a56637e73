import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare, type V4WorkerOptions } from "miniflare";
import { unstable_getMiniflareWorkerOptions as getWorkerOptions, unstable_readConfig as readConfig } from "wrangler";
import { CommandError } from "./command-error.ts";
import { applyMigrations } from "./database-migrations.ts";
import { reservePort } from "./listening-port.ts";
import { MIGRATIONS_DIRECTORY, WRANGLER_CONFIG_PATH } from "./project-paths.ts";
import { endRuntimeWithThisProcess } from "./runtime-guard.ts";
import type { LocalSecrets } from "./secrets.ts";
import { bundleWorker, readWorkerModules } from "./worker-bundle.ts";

/** Requests per ten seconds and key. */
interface RateLimits {
  readonly network: number;
  readonly client: number;
}

export interface LocalCrossgateOptions {
  /** 0 takes a free one. */
  readonly port: number;
  readonly host?: string;
  /** http://127.0.0.1:<port> when absent. */
  readonly issuer?: string;
  readonly documents: readonly { readonly key: string; readonly value: string }[];
  readonly secrets: LocalSecrets;
  /** Where KV, Durable Objects, D1 and R2 are kept; in memory when absent. */
  readonly stateDirectory?: string;
  /** Practically none when absent, because people point test suites at a local Crossgate. */
  readonly rateLimits?: RateLimits | "as_deployed";
  readonly vars?: Readonly<Record<string, string>>;
  /** What `bundleWorker` made, to build once and start often; built for this start when absent. */
  readonly bundleDirectory?: string;
  /** Lines that the Worker and the runtime log; to stderr when absent. */
  readonly onLog?: (line: string) => void;
}

export interface LocalCrossgate {
  readonly url: string;
  readonly issuer: string;
  readonly kv: Awaited<ReturnType<Miniflare["getKVNamespace"]>>;
  readonly d1: Awaited<ReturnType<Miniflare["getD1Database"]>>;
  readonly r2: Awaited<ReturnType<Miniflare["getR2Bucket"]>>;
  readonly miniflare: Miniflare;
  stop(): Promise<void>;
}

const WORKER_NAME = "crossgate";
const PRACTICALLY_UNLIMITED: RateLimits = { network: 1_000_000, client: 1_000_000 };

/** Runs the Worker of this project in workerd, on this machine, with everything that wrangler.toml binds to it. */
export async function startLocalCrossgate(options: LocalCrossgateOptions): Promise<LocalCrossgate> {
  const host = options.host ?? "127.0.0.1";
  const port = await reservePort(host, options.port);
  const url = `http://${reachableHost(host)}:${port}`;
  const issuer = options.issuer ?? `http://127.0.0.1:${port}`;
  const temporaryDirectory = await mkdtemp(join(tmpdir(), "crossgate-"));
  const removeTemporary = () => rm(temporaryDirectory, { recursive: true, force: true });
  try {
    const bundleDirectory = options.bundleDirectory ?? temporaryDirectory;
    if (options.bundleDirectory === undefined) await bundleWorker(bundleDirectory);
    const worker = await workerOptions({ ...options, issuer, bundleDirectory });
    const miniflare = await startRuntime(worker, { ...options, host, port });
    return {
      url,
      issuer,
      ...(await fill(miniflare, options)),
      miniflare,
      stop: () => stop(miniflare, removeTemporary),
    };
  } catch (error) {
    await removeTemporary();
    throw error;
  }
}

/** A wildcard address can be listened on but not called, and an IPv6 address needs brackets in a URL. */
function reachableHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}

type WorkerSettings = LocalCrossgateOptions & { readonly issuer: string; readonly bundleDirectory: string };

async function workerOptions(settings: WorkerSettings): Promise<V4WorkerOptions> {
  const config = readConfig({ config: WRANGLER_CONFIG_PATH });
  // wrangler reads .dev.vars and .env beside the configuration it is given and announces them on stdout; secrets come
  // from the caller here, so it is pointed at a directory that holds neither.
  const configPath = join(settings.bundleDirectory, "wrangler.toml");
  const { workerOptions: fromConfig } = getWorkerOptions({ ...config, configPath, secrets: undefined });
  const { modulesRules: _modulesRules, zone: _zone, ...bindings } = fromConfig;
  return {
    ...bindings,
    name: WORKER_NAME,
    modules: await readWorkerModules(settings.bundleDirectory),
    modulesRoot: settings.bundleDirectory,
    bindings: { ...config.vars, ISSUER: settings.issuer, ...settings.vars, ...settings.secrets },
    ...rateLimitOptions(settings.rateLimits ?? PRACTICALLY_UNLIMITED),
  };
}

function rateLimitOptions(rateLimits: RateLimits | "as_deployed"): Pick<V4WorkerOptions, "ratelimits"> {
  if (rateLimits === "as_deployed") return {};
  return {
    ratelimits: {
      NETWORK_RATE_LIMIT: { namespace_id: "network", simple: { limit: rateLimits.network, period: 10 } },
      CLIENT_RATE_LIMIT: { namespace_id: "client", simple: { limit: rateLimits.client, period: 10 } },
    },
  };
}

type RuntimeSettings = LocalCrossgateOptions & { readonly host: string };

async function startRuntime(worker: V4WorkerOptions, settings: RuntimeSettings): Promise<Miniflare> {
  const onLog = settings.onLog ?? ((line: string) => void process.stderr.write(`${line}\n`));
  if (settings.stateDirectory !== undefined) await mkdir(settings.stateDirectory, { recursive: true });
  endRuntimeWithThisProcess();
  const miniflare = leavingSignalsToTheirHandlers(
    () =>
      new Miniflare(
        convertV4MiniflareOptions({
          host: settings.host,
          port: settings.port,
          cf: false,
          logRequests: false,
          log: new LineLog(onLog),
          handleStructuredLogs: ({ level, message }) => onLog(`[worker ${level}] ${message}`),
          ...(settings.stateDirectory === undefined ? {} : { resourcePersistencePath: settings.stateDirectory }),
          workers: [worker],
        }),
      ),
  );
  try {
    await miniflare.ready;
  } catch (error) {
    await miniflare.dispose().catch(() => undefined);
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(`The local runtime did not start: ${reason}`);
  }
  return miniflare;
}

/** Miniflare ends the process on these signals; a program that handles one itself means to stop in its own order. */
function leavingSignalsToTheirHandlers(create: () => Miniflare): Miniflare {
  const before = new Map((["SIGINT", "SIGTERM"] as const).map((signal) => [signal, process.listeners(signal)]));
  const miniflare = create();
  for (const [signal, handlers] of before) {
    const added =
      handlers.length === 0 ? [] : process.listeners(signal).filter((handler) => !handlers.includes(handler));
    for (const handler of added) process.removeListener(signal, handler);
  }
  return miniflare;
}

/** Miniflare writes to stdout, where a harness expects our own lines only. */
class LineLog extends Log {
  readonly #onLog: (line: string) => void;
  constructor(onLog: (line: string) => void) {
    super(LogLevel.WARN);
    this.#onLog = onLog;
  }
  protected override log(message: string): void {
    this.#onLog(message);
  }
}

type Stores = Pick<LocalCrossgate, "kv" | "d1" | "r2">;

async function fill(miniflare: Miniflare, { documents }: LocalCrossgateOptions): Promise<Stores> {
  try {
    const kv = await miniflare.getKVNamespace("TRUST_AND_POLICY");
    const d1 = await miniflare.getD1Database("AUDIT_INDEX");
    const r2 = await miniflare.getR2Bucket("AUDIT_ARCHIVE");
    await Promise.all(documents.map(({ key, value }) => kv.put(key, value)));
    await applyMigrations(d1, MIGRATIONS_DIRECTORY);
    return { kv, d1, r2 };
  } catch (error) {
    await miniflare.dispose();
    throw error;
  }
}

async function stop(miniflare: Miniflare, removeTemporary: () => Promise<void>): Promise<void> {
  await miniflare.dispose();
  await removeTemporary();
}
