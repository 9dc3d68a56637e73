import type { LedgerShards } from "../../durable-objects/ledger-shards.ts";
import { Sinks } from "../../durable-objects/sinks.ts";
import type { AuditTrail } from "../admin/dependencies.ts";
import { LATEST_CHECKPOINT } from "../audit/archive-name.ts";
import { readIndexLag } from "../audit/index-lag.ts";
import { readKeysSince } from "../audit/notice-keys.ts";
import type { Config } from "../config.ts";

/** Asks everything that keeps or sends records how far it has come. */
export async function readTrail(env: Env, config: Config, ledger: LedgerShards): Promise<AuditTrail> {
  const [ledgers, checkpointAtMilliseconds, keysSinceMilliseconds] = await Promise.all([
    ledger.everyStatus(),
    writtenAt(env.AUDIT_ARCHIVE, LATEST_CHECKPOINT),
    readKeysSince(env.AUDIT_ARCHIVE).catch(() => ({})),
  ]);
  const chains = ledgers.filter((status) => status !== null);
  const [sinks, indexBehind] = await Promise.all([
    readSinks(env, config, new Map(chains.map(({ chain, archived }) => [chain, archived]))),
    readIndexLag(env.AUDIT_INDEX, chains).catch(() => null),
  ]);
  return { ledgers, sinks, indexBehind, checkpointAtMilliseconds, keysSinceMilliseconds };
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
      const { cursors, ...told } = status;
      const behind = cursors.reduce(
        (total, { chain, through }) => total + Math.max(0, (archived.get(chain) ?? 0) - through),
        0,
      );
      return { ...told, name, isReachable: true, behind };
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
  missed: 0,
  unread: 0,
};
