import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import * as z from "zod";
import type { ClosedLoad, LoadResult } from "./load.ts";

const resultSchema = z.object({
  requests: z.int(),
  microseconds: z.number(),
  refused: z.int(),
  broken: z.int(),
  p50: z.number(),
  p95: z.number(),
  p99: z.number(),
});

export async function runWrk(load: ClosedLoad, core: number | null): Promise<LoadResult> {
  const directory = await mkdtemp(join(tmpdir(), "crossgate-bench-"));
  try {
    const bodiesPath = join(directory, "bodies");
    await writeFile(bodiesPath, load.bodies.map((body) => `${body}\n`).join(""));
    const [program = "", ...parameters] = commandLine(load, bodiesPath, core);
    const { stdout } = await promisify(execFile)(program, parameters);
    return readResult(stdout, load.expectedStatus);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function commandLine(load: ClosedLoad, bodiesPath: string, core: number | null): string[] {
  const { port, template, connections, seconds } = load;
  const headers = Object.entries(template.headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const script = join(import.meta.dirname, "wrk.lua");
  const amount = ["-t", "1", "-c", String(connections), "-d", `${seconds}s`, "--timeout", "10s"];
  const url = `http://127.0.0.1:${port}${template.path}`;
  const pinned = core === null ? [] : ["taskset", "-c", String(core)];
  return [...pinned, "wrk", ...amount, ...headers, "-s", script, url, "--", bodiesPath];
}

function readResult(stdout: string, expectedStatus: number): LoadResult {
  const [, json] = /^RESULT (.*)$/m.exec(stdout) ?? [];
  if (json === undefined) throw new Error(`wrk gave no result:\n${stdout}`);
  const { requests, microseconds, refused, broken, p50, p95, p99 } = resultSchema.parse(JSON.parse(json));
  // wrk counts statuses of 400 and above, and no others.
  const expected = expectedStatus >= 400 ? refused : requests - refused;
  return {
    requests,
    requestsPerSecond: (requests * 1e6) / microseconds,
    latencyMilliseconds: { p50: p50 / 1000, p95: p95 / 1000, p99: p99 / 1000 },
    unexpected: requests - expected + broken,
    firstUnexpected: null,
  };
}
