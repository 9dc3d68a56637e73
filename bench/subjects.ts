import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { MIGRATIONS_DIRECTORY } from "../cli/project-paths.ts";
import { deployed } from "./deployed-config.ts";
import type { Deployment } from "./deployment.ts";
import { peerConfig } from "./peer.ts";
import { copyBundle, writeWorker } from "./runtime/worker-sources.ts";
import { platform, type SubjectFiles } from "./subject-files.ts";
import type { Binding, Designator, Socket, WorkerdConfig, WorkerService } from "./runtime/workerd-config.ts";

export const SUBJECTS = ["ceiling", "floor", "crossgate", "peer-kv", "peer-memory"] as const;
export type SubjectName = (typeof SUBJECTS)[number];

const STATE = "state";
/** Our issuer is the one in wrangler.toml, so that the Worker is configured as it is deployed. */
export const ISSUER = deployed.vars["ISSUER"] ?? "";

export function subjectConfig(name: SubjectName, files: SubjectFiles): Promise<WorkerdConfig> {
  return CONFIGS[name](files);
}

const CONFIGS: Readonly<Record<SubjectName, (files: SubjectFiles) => Promise<WorkerdConfig>>> = {
  ceiling: ceilingConfig,
  floor: floorConfig,
  crossgate: (files) => crossgateConfig(files),
  "peer-kv": (files) => peerConfig(files, "binding"),
  "peer-memory": (files) => peerConfig(files, "memory"),
};

async function ceilingConfig({ directory }: SubjectFiles): Promise<WorkerdConfig> {
  const modules = [await writeWorker("ceiling", directory)];
  const worker = { ...platform, name: "worker", modules, bindings: [], durableObjects: [] };
  return { services: [worker], sockets: [{ name: "http", service: "worker" }], extensions: [] };
}

async function floorConfig({ directory, stateDirectory, deployment }: SubjectFiles): Promise<WorkerdConfig> {
  const { kty, crv, x, y } = deployment.idp.publicJwk;
  const worker: WorkerService = {
    ...platform,
    name: "worker",
    modules: [await writeWorker("floor", directory)],
    bindings: [
      { name: "LEDGER", kind: "durableObjectNamespace", className: "FloorLedger" },
      { name: "IDP_KEY", kind: "json", value: JSON.stringify({ kty, crv, x, y }) },
      { name: "SIGNING_KEY", kind: "json", value: JSON.stringify(signingJwk(deployment)) },
    ],
    durableObjects: ["FloorLedger"],
    storage: STATE,
  };
  const services = [{ name: STATE, directory: stateDirectory }, worker];
  return { services, sockets: [{ name: "http", service: "worker" }], extensions: [] };
}

function signingJwk({ secrets }: Deployment): object {
  const { keys } = JSON.parse(secrets.SIGNING_KEYS) as { readonly keys: readonly Record<string, string>[] };
  const { kty, crv, x, y, d } = keys.find(({ status }) => status === "current") ?? {};
  return { kty, crv, x, y, d };
}

/** In what a Crossgate of the bench differs from the one that is deployed. */
interface Changes {
  /** A Worker of bench/workers that wraps the deployed one, and starts in its place. */
  readonly wrapper?: string;
  readonly vars?: Readonly<Record<string, string>>;
  readonly documents?: Readonly<Record<string, string>>;
  readonly sockets?: readonly Socket[];
  readonly keepsMessages?: boolean;
  readonly engineFlags?: readonly string[];
}

export async function crossgateConfig(files: SubjectFiles, changes: Changes = {}): Promise<WorkerdConfig> {
  const worker = await crossgateService(files, changes);
  const stores = await storesService(files, changes);
  return {
    services: [{ name: STATE, directory: files.stateDirectory }, worker, stores],
    sockets: [{ name: "http", service: "worker" }, ...(changes.sockets ?? [])],
    extensions: await extensions(files),
    engineFlags: changes.engineFlags ?? [],
  };
}

/** As deployed, but with every billed operation counted on its way, and a queue that keeps what it is given. */
export function countedConfig(files: SubjectFiles): Promise<WorkerdConfig> {
  const sockets = [
    { name: "control", service: "worker", entrypoint: "control" },
    { name: "stores", service: "stores" },
  ];
  return crossgateConfig(files, { wrapper: "counted-worker", keepsMessages: true, sockets });
}

/** As deployed, with a door by which revocations are put in. */
export function fencedConfig(files: SubjectFiles): Promise<WorkerdConfig> {
  const sockets = [{ name: "control", service: "worker", entrypoint: "control" }];
  return crossgateConfig(files, { wrapper: "fenced-worker", sockets });
}

export async function extensions({ directory }: Pick<SubjectFiles, "directory">): Promise<WorkerdConfig["extensions"]> {
  const files = await Promise.all(["unlimited-rate", "ignored-counters"].map((name) => writeWorker(name, directory)));
  return files.map(({ file }) => ({ name: `bench:${file.replace(".js", "")}`, file }));
}

async function crossgateService(
  { deployment, bundleDirectory, directory }: SubjectFiles,
  { wrapper, vars }: Changes,
): Promise<WorkerService> {
  const texts = { ...deployed.vars, ...deployment.secrets, ...vars };
  const wrapping = wrapper === undefined ? [] : [await writeWorker(wrapper, directory)];
  return {
    ...platform,
    name: "worker",
    modules: [...wrapping, ...(await copyBundle(bundleDirectory, directory))],
    bindings: [...Object.entries(texts).map(([name, value]) => text(name, value)), ...deployedBindings(store)],
    durableObjects: deployed.durable_objects.bindings.map(({ class_name }) => class_name),
    storage: STATE,
    outbound: store("upstream"),
  };
}

export type StoreName = "keyValue" | "queue" | "archive" | "index";

/** Every binding of wrangler.toml, led to its store. */
export function deployedBindings(storeOf: (name: StoreName) => Designator): Binding[] {
  const wrapped = (name: string, module: string, inner: readonly Binding[] = []): Binding => ({
    name,
    kind: "wrapped",
    module,
    inner,
  });
  const fetcher: Binding = { name: "fetcher", kind: "service", to: storeOf("index") };
  return [
    ...deployed.durable_objects.bindings.map(({ name, class_name }): Binding => ({
      name,
      kind: "durableObjectNamespace",
      className: class_name,
    })),
    ...deployed.kv_namespaces.map(({ binding }): Binding => ({
      name: binding,
      kind: "kvNamespace",
      to: storeOf("keyValue"),
    })),
    ...deployed.queues.producers.map(({ binding }): Binding => ({
      name: binding,
      kind: "queue",
      to: storeOf("queue"),
    })),
    ...deployed.r2_buckets.map(({ binding }): Binding => ({ name: binding, kind: "r2Bucket", to: storeOf("archive") })),
    ...deployed.d1_databases.map(({ binding }) => wrapped(binding, "cloudflare-internal:d1-api", [fetcher])),
    ...deployed.analytics_engine_datasets.map(({ binding }) => wrapped(binding, "bench:ignored-counters")),
    ...deployed.ratelimits.map(({ name }) => wrapped(name, "bench:unlimited-rate")),
  ];
}

function store(entrypoint: string): Designator {
  return { service: "stores", entrypoint };
}

export function text(name: string, value: string): Binding {
  return { name, kind: "text", value };
}

async function storesService(
  { deployment, directory }: SubjectFiles,
  { documents, keepsMessages = false }: Changes,
): Promise<WorkerService> {
  const [consumer] = deployed.queues.consumers;
  const queue = { name: consumer?.queue ?? "", batchMessages: consumer?.max_batch_size ?? 10, keepsMessages };
  return {
    ...platform,
    compatibilityFlags: [...platform.compatibilityFlags, "service_binding_extra_handlers"],
    name: "stores",
    modules: [await writeWorker("stores", directory)],
    bindings: [
      { name: "DOCUMENTS", kind: "json", value: JSON.stringify({ ...deployment.documents, ...documents }) },
      { name: "MIGRATIONS", kind: "json", value: JSON.stringify(await readMigrations()) },
      { name: "QUEUE", kind: "json", value: JSON.stringify(queue) },
      { name: "INDEX", kind: "durableObjectNamespace", className: "IndexDatabase" },
      { name: "CONSUMER", kind: "service", to: { service: "worker" } },
    ],
    durableObjects: ["IndexDatabase"],
    storage: STATE,
  };
}

export async function readMigrations(): Promise<string[]> {
  const names = (await readdir(MIGRATIONS_DIRECTORY)).filter((name) => name.endsWith(".sql")).toSorted();
  return Promise.all(names.map((name) => readFile(join(MIGRATIONS_DIRECTORY, name), "utf8")));
}
