import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { promisify } from "node:util";
import { CommandError } from "./command-error.ts";
import { PROJECT_DIRECTORY, WRANGLER_CONFIG_PATH } from "./project-paths.ts";

type WorkerModuleType = "ESModule" | "Text" | "Data" | "CompiledWasm";

export interface WorkerModule {
  readonly type: WorkerModuleType;
  readonly path: string;
}

const MAIN_MODULE = "worker.js";
const MODULE_TYPES: Readonly<Record<string, WorkerModuleType>> = {
  ".js": "ESModule",
  ".mjs": "ESModule",
  ".txt": "Text",
  ".html": "Text",
  ".sql": "Text",
  ".bin": "Data",
  ".wasm": "CompiledWasm",
};

/** Builds exactly what a deployment would upload, into `outputDirectory`. @throws CommandError with wrangler's words */
export async function bundleWorker(outputDirectory: string): Promise<void> {
  const wranglerDirectory = dirname(createRequire(import.meta.url).resolve("wrangler/package.json"));
  const build = ["deploy", "--dry-run", "--config", WRANGLER_CONFIG_PATH, "--outdir", outputDirectory];
  try {
    await promisify(execFile)(process.execPath, [join(wranglerDirectory, "bin", "wrangler.js"), ...build], {
      cwd: PROJECT_DIRECTORY,
      env: { ...process.env, WRANGLER_SEND_METRICS: "false", FORCE_COLOR: "0" },
    });
  } catch (error) {
    throw new CommandError(
      `The Worker did not build. Fix what wrangler names, then start again.\n\n${outputOf(error)}`,
    );
  }
}

function outputOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const stderr = "stderr" in error && typeof error.stderr === "string" ? error.stderr.trim() : "";
  return stderr === "" ? error.message : stderr;
}

/** @returns the modules of a bundle, the one that the runtime starts with first. */
export async function readWorkerModules(bundleDirectory: string): Promise<WorkerModule[]> {
  const names = await listBundle(bundleDirectory);
  if (!names.includes(MAIN_MODULE)) {
    throw new CommandError(
      `${bundleDirectory} holds no ${MAIN_MODULE}. Build it with: npx wrangler deploy --dry-run --outdir ${bundleDirectory}`,
    );
  }
  return [MAIN_MODULE, ...names.filter((name) => name !== MAIN_MODULE)].flatMap((name) => {
    const type = MODULE_TYPES[extname(name)];
    return type === undefined ? [] : [{ type, path: join(bundleDirectory, name) }];
  });
}

async function listBundle(bundleDirectory: string): Promise<string[]> {
  try {
    return (await readdir(bundleDirectory, { recursive: true })).toSorted();
  } catch {
    return [];
  }
}
