import { join } from "node:path";
import type { Deployment } from "../bench/deployment.ts";
import { readMigrations } from "../bench/subjects.ts";
import { bundleWorker } from "../cli/worker-bundle.ts";
import { Crossgate } from "./crossgate.ts";
import type { Random } from "./random.ts";
import { Stores } from "./stores/stores.ts";

/** Crossgate as it is deployed, running, with all that its bindings lead to. */
export interface World {
  readonly deployment: Deployment;
  readonly stores: Stores;
  readonly crossgate: Crossgate;
  readonly random: Random;
}

interface Setting {
  readonly deployment: Deployment;
  readonly directory: string;
  readonly random: Random;
  readonly upstream?: string;
}

export async function startWorld({ deployment, directory, random, upstream }: Setting): Promise<World> {
  const bundleDirectory = join(directory, "bundle");
  await bundleWorker(bundleDirectory);
  const stores = await Stores.start(deployment.documents, await readMigrations(), random);
  const options = { deployment, stores, bundleDirectory, directory };
  const crossgate = await Crossgate.make(upstream === undefined ? options : { ...options, upstream });
  await crossgate.start();
  return { deployment, stores, crossgate, random };
}

export async function endWorld({ crossgate, stores }: World): Promise<void> {
  await crossgate.kill();
  stores.stop();
}
