import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { readWorkerModules } from "../../cli/worker-bundle.ts";
import type { Module } from "./workerd-config.ts";

const WORKERS_DIRECTORY = join(import.meta.dirname, "..", "workers");

/** Where the bundle stands among the modules, so that a bench Worker imports it by the path that it has in the project. */
const BUNDLE_NAME = "src/worker.ts";

/** Writes a Worker of bench/workers as JavaScript. The runtime reads no types. */
export async function writeWorker(name: string, directory: string): Promise<Module> {
  const source = await readFile(join(WORKERS_DIRECTORY, `${name}.ts`), "utf8");
  const file = `${name}.js`;
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, file), stripTypeScriptTypes(source));
  return { name: `bench/workers/${file}`, file };
}

/** The very modules that a deployment uploads, the one that starts first. */
export async function copyBundle(bundleDirectory: string, directory: string): Promise<Module[]> {
  const modules = await readWorkerModules(bundleDirectory);
  return Promise.all(
    modules.map(async ({ path, type }, position) => {
      if (type !== "ESModule") throw new TypeError(`${basename(path)}: the bench knows ES modules only`);
      const within = relative(bundleDirectory, path);
      const file = join("bundle", within);
      await mkdir(dirname(join(directory, file)), { recursive: true });
      await copyFile(path, join(directory, file));
      return { name: position === 0 ? BUNDLE_NAME : join("src", within), file };
    }),
  );
}
