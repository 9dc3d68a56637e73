import { statfsSync } from "node:fs";
import { access, constants, mkdir } from "node:fs/promises";
import { availableParallelism, cpus, loadavg, platform, release, tmpdir } from "node:os";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Pinning } from "./runtime/processor.ts";

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly system: string;
  readonly node: string;
  readonly workerd: string;
  readonly pinning: Pinning | null;
  /** Processes that wanted a core in the last minute, before anything of ours did. */
  readonly loadBefore: number;
}

export function describeMachine(pinning: Pinning | null): Machine {
  return {
    processor: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    system: `${platform()} ${release()}`,
    node: process.version,
    workerd: workerdVersion(),
    pinning,
    loadBefore: loadavg()[0] ?? 0,
  };
}

function workerdVersion(): string {
  const manifest: unknown = createRequire(import.meta.url)("workerd/package.json");
  return typeof manifest === "object" && manifest !== null && "version" in manifest ? String(manifest.version) : "";
}

const SHARED_MEMORY = "/dev/shm";
/** Ledgers of a million rows, and as much again while they are filled. */
const STATE_BYTES = 2 * 1024 ** 3;
const MEMORY_FILE_SYSTEM = 0x01021994;
const RESULTS_DIRECTORY = join(import.meta.dirname, "results");

export interface StateRoots {
  readonly memory: string;
  readonly disk: string;
  /** False where "memory" is a plain temporary directory, because the system has none that is surely memory. */
  readonly isMemory: boolean;
  readonly isDisk: boolean;
}

/** Where Durable Objects may live: in files that are memory, and in files that are not. */
export async function findStateRoots(): Promise<StateRoots> {
  await mkdir(RESULTS_DIRECTORY, { recursive: true });
  const hasSharedMemory = await access(SHARED_MEMORY, constants.W_OK).then(
    () => freeBytes(SHARED_MEMORY) >= STATE_BYTES,
    () => false,
  );
  const memory = hasSharedMemory ? SHARED_MEMORY : tmpdir();
  return { memory, disk: RESULTS_DIRECTORY, isMemory: isInMemory(memory), isDisk: !isInMemory(RESULTS_DIRECTORY) };
}

function freeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

function isInMemory(directory: string): boolean {
  return platform() === "linux" && statfsSync(directory).type === MEMORY_FILE_SYSTEM;
}

/** Without what tells its form. */
export const RESULTS_PATH = join(RESULTS_DIRECTORY, "latest");
