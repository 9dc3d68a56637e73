import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { deployed } from "../bench/deployed-config.ts";
import type { Deployment } from "../bench/deployment.ts";
import { copyBundle, writeWorker } from "../bench/runtime/worker-sources.ts";
import { Workerd } from "../bench/runtime/workerd.ts";
import type { WorkerdConfig } from "../bench/runtime/workerd-config.ts";
import { deployedBindings, extensions, text } from "../bench/subjects.ts";
import type { Stores } from "./stores/stores.ts";

interface CrossgateOptions {
  readonly deployment: Deployment;
  readonly stores: Stores;
  readonly bundleDirectory: string;
  readonly directory: string;
  /** Host and port of what stands for every MCP server; nowhere when absent. */
  readonly upstream?: string;
}

const UPSTREAM = "upstream";
const STATE = "state";
const STORES = ["keyValue", "queue", "archive", "index"];

/** Crossgate on the bare runtime, as it is deployed, which can die and be started again over the same state. */
export class Crossgate {
  readonly #config: WorkerdConfig;
  readonly #directory: string;
  #workerd: Workerd | null = null;

  private constructor(config: WorkerdConfig, directory: string) {
    this.#config = config;
    this.#directory = directory;
  }

  static async make(options: CrossgateOptions): Promise<Crossgate> {
    await mkdir(join(options.directory, STATE), { recursive: true });
    return new Crossgate(await configOf(options), options.directory);
  }

  async start(): Promise<void> {
    this.#workerd = await Workerd.start({ config: this.#config, directory: this.#directory, core: null });
  }

  get runtime(): Workerd {
    if (this.#workerd === null) throw new TypeError("Crossgate has not been started");
    return this.#workerd;
  }

  get port(): number {
    return this.runtime.port("http");
  }

  async kill(): Promise<void> {
    await this.runtime.kill();
  }
}

async function configOf({
  deployment,
  stores,
  bundleDirectory,
  directory,
  upstream,
}: CrossgateOptions): Promise<WorkerdConfig> {
  const platform = { compatibilityDate: deployed.compatibility_date, compatibilityFlags: deployed.compatibility_flags };
  const texts = { ...deployed.vars, LEDGER_SHARDS: "4", ...deployment.secrets };
  const worker = {
    ...platform,
    name: "worker",
    modules: await copyBundle(bundleDirectory, directory),
    bindings: [
      ...Object.entries(texts).map(([name, value]) => text(name, value)),
      ...deployedBindings((service) => ({ service })),
    ],
    durableObjects: deployed.durable_objects.bindings.map(({ class_name }) => class_name),
    storage: STATE,
    ...(upstream !== undefined && { outbound: { service: UPSTREAM } }),
  };
  const door = {
    ...platform,
    compatibilityFlags: [...platform.compatibilityFlags, "service_binding_extra_handlers"],
    name: "door",
    modules: [await writeWorker("consumer-door", directory)],
    bindings: [
      text("QUEUE_NAME", deployed.queues.consumers[0]?.queue ?? ""),
      { name: "CONSUMER", kind: "service" as const, to: { service: "worker" } },
    ],
    durableObjects: [],
  };
  return {
    services: [
      { name: STATE, directory: join(directory, STATE) },
      worker,
      door,
      ...STORES.map((name) => ({ name, address: stores.address(name) })),
      ...(upstream === undefined ? [] : [{ name: UPSTREAM, address: upstream }]),
    ],
    sockets: [
      { name: "http", service: "worker" },
      { name: "door", service: "door" },
    ],
    extensions: await extensions({ directory }),
  };
}
