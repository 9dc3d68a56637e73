import { convertV4MiniflareOptions, Log, LogLevel, Miniflare, type V4WorkerOptions } from "miniflare";
import { unstable_getMiniflareWorkerOptions as getWorkerOptions, unstable_readConfig as readConfig } from "wrangler";
import type { ReadableArchive } from "../../src/audit/verify-archive.ts";
import { WRANGLER_CONFIG_PATH } from "../project-paths.ts";
import { endRuntimeWithThisProcess } from "../runtime-guard.ts";

interface OpenArchive {
  readonly archive: ReadableArchive;
  readonly close: () => Promise<void>;
}

/** The archive that `crossgate dev` keeps, opened without the Worker: reading it needs no lock. */
export async function openLocalArchive(stateDirectory: string): Promise<OpenArchive> {
  endRuntimeWithThisProcess();
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      cf: false,
      log: new Log(LogLevel.NONE),
      resourcePersistencePath: stateDirectory,
      workers: [archiveWorker()],
    }),
  );
  const bucket = await runtime.getR2Bucket("AUDIT_ARCHIVE");
  const names: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await bucket.list(cursor === undefined ? {} : { cursor });
    names.push(...page.objects.map(({ key }) => key));
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined);
  const read = async (name: string): Promise<Uint8Array> =>
    new Uint8Array((await (await bucket.get(name))?.arrayBuffer()) ?? new ArrayBuffer());
  return { archive: { names, read }, close: () => runtime.dispose() };
}

function archiveWorker(): V4WorkerOptions {
  const { workerOptions } = getWorkerOptions({ ...readConfig({ config: WRANGLER_CONFIG_PATH }), secrets: undefined });
  const { r2Buckets } = workerOptions as Partial<V4WorkerOptions>;
  return {
    name: "archive",
    modules: true,
    script: "export default { fetch: () => new Response(null, { status: 404 }) }",
    ...(r2Buckets === undefined ? {} : { r2Buckets }),
  };
}
