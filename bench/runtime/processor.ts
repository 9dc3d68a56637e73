import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/** Which core serves and which one asks, so that neither takes time from the other. */
export interface Pinning {
  readonly server: number;
  readonly load: number;
}

/** @returns null where processes cannot be pinned, or where there is one core for both. */
export function findPinning(): Pinning | null {
  if (process.platform !== "linux" || availableParallelism() < 2) return null;
  const { status, stdout } = spawnSync("taskset", ["-c", "-p", String(process.pid)], { encoding: "utf8" });
  if (status !== 0) return null;
  const cores = parseCores(stdout.slice(stdout.lastIndexOf(":") + 1));
  const [load, server] = [cores.at(0), cores.at(-1)];
  return load === undefined || server === undefined || load === server ? null : { load, server };
}

function parseCores(text: string): number[] {
  return text.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.trim().split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
  });
}

/** With all its threads; those that it starts later follow. */
export function pinProcess(processId: number, core: number): void {
  spawnSync("taskset", ["-a", "-c", "-p", String(core), String(processId)], { stdio: "ignore" });
}

const TICKS_PER_SECOND = 100;
const USER_TICKS = 11;

/** Processor time of a process with all its threads; null where the system does not tell. Steps of 10 ms. */
export function readProcessorMilliseconds(processId: number): number | null {
  try {
    const line = readFileSync(`/proc/${processId}/stat`, "utf8");
    // The name in parentheses may hold spaces; the fields are counted after it.
    const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
    const [user = 0, system = 0] = fields.slice(USER_TICKS, USER_TICKS + 2).map(Number);
    return ((user + system) * 1000) / TICKS_PER_SECOND;
  } catch {
    return null;
  }
}

const BYTES_PER_KILOBYTE = 1024;

/** What a process holds in memory now; null where the system does not tell. */
export function readResidentBytes(processId: number): number | null {
  try {
    const [, kilobytes] = /^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${processId}/status`, "utf8")) ?? [];
    return kilobytes === undefined ? null : Number(kilobytes) * BYTES_PER_KILOBYTE;
  } catch {
    return null;
  }
}
