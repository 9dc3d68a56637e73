import type { LedgerShards } from "../../durable-objects/ledger-shards.ts";
import { Sinks } from "../../durable-objects/sinks.ts";
import type { AuditTrail } from "../admin/dependencies.ts";
import { LATEST_CHECKPOINT } from "../audit/archive-name.ts";
import { NOTICED_KEYS } from "../audit/notice-keys.ts";
import type { Config } from "../config.ts";

/** Asks everything that keeps or sends records how far it has come. */
export async function readTrail(env: Env, config: Config, ledger: LedgerShards): Promise<AuditTrail> {
  const [ledgers, checkpointAtMilliseconds, keysSinceMilliseconds] = await Promise.all([
    ledger.everyStatus(),
    writtenAt(env.AUDIT_ARCHIVE, LATEST_CHECKPOINT),
    writtenAt(env.AUDIT_ARCHIVE, NOTICED_KEYS),
  ]);
  const archived = new Map(ledgers.flatMap((status) => (status === null ? [] : [[status.chain, status.archived]])));
  const sinks = await readSinks(env, config, archived);
  return { ledgers, sinks, checkpointAtMilliseconds, keysSinceMilliseconds };
}

async function writtenAt(archive: R2Bucket, name: string): Promise<number | null> {
  const found = await archive.head(name).catch(() => null);
  return found?.uploaded.getTime() ?? null;
}

async function readSinks(
  env: Env,
  { ledger: placement }: Config,
  archived: ReadonlyMap<string, number>,
): Promise<AuditTrail["sinks"]> {
  const sinks = new Sinks({ documents: env.TRUST_AND_POLICY, objects: env.AUDIT_SINK, placement });
  const names = await sinks.names();
  return Promise.all(
    names.map(async (name) => {
      const status = await sinks.status(name);
      if (status === null) return { ...NOTHING_KNOWN, name };
      const { cursors, failures, error, deliveredAtMilliseconds, rejected } = status;
      const behind = cursors.reduce(
        (total, { chain, through }) => total + Math.max(0, (archived.get(chain) ?? 0) - through),
        0,
      );
      return { name, isReachable: true, behind, failures, error, deliveredAtMilliseconds, rejected };
    }),
  );
}

const NOTHING_KNOWN = {
  isReachable: false,
  behind: 0,
  failures: 0,
  error: "",
  deliveredAtMilliseconds: 0,
  rejected: 0,
};
