import type { LedgerStatus } from "../durable-objects/assertion-ledger.ts";
import { LedgerShards } from "../durable-objects/ledger-shards.ts";
import { SigningKeys } from "./jwt/signing-keys.ts";
import { Sinks } from "../durable-objects/sinks.ts";
import { collectChangeNotes } from "./admin/change-notes.ts";
import { LATEST_CHECKPOINT } from "./audit/archive-name.ts";
import { serializeAuditEvent } from "./audit/audit-event.ts";
import { backlogLevel } from "./audit/backlog.ts";
import { Outage } from "./audit/reason.ts";
import { noticeKeys } from "./audit/notice-keys.ts";
import { hasGoneBack } from "./audit/gone-back.ts";
import { log } from "./audit/operator-log.ts";
import { reconcile } from "./audit/reconcile.ts";
import { enforceRetention } from "./audit/retention.ts";
import { writeCheckpoint } from "./audit/write-checkpoint.ts";
import { VaultKeys, VaultKeysInvalid } from "./vault/vault-keys.ts";
import { type Config, ConfigInvalid, parseConfig } from "./config.ts";
import type { AdminDocument } from "./trust/admin.ts";
import { DocumentInvalid, parseTrustDocument } from "./trust/documents.ts";

interface Round {
  readonly env: Env;
  readonly config: Config;
  readonly ledgers: readonly LedgerStatus[];
  readonly nowMilliseconds: number;
}

/**
 * What nobody's request does. Asking a ledger for its status wakes it, and one that had lost its alarm sets it again; so
 * every round asks. Each part stands alone: what fails in one is told, and the next is done.
 */
export async function runUpkeep(env: Env, isHourly: boolean): Promise<void> {
  const config = parseConfig(env);
  const nowMilliseconds = Date.now();
  const ledgers = await readLedgers(env, config, nowMilliseconds);
  await attempt("audit_sinks", () => meetSinks(env, config, ledgers));
  await attempt("change_notes", () => recordChangeNotes(env, config, nowMilliseconds));
  if (!isHourly) return;
  const round = { env, config, ledgers, nowMilliseconds };
  await attempt("audit_ledgers", () => findGoneBack(round));
  await attempt("audit_reconcile", () => reconcileAll(round));
  await attempt("audit_checkpoint", () => checkpoint(round));
  await attempt("audit_key_rotation", () => noticeRotation(round));
  await attempt("audit_retention", () =>
    enforceRetention({ index: env.AUDIT_INDEX, days: config.auditIndexDays, nowMilliseconds }),
  );
}

async function attempt(what: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    log({ event: `${what}_failed`, class: error instanceof Error ? error.name : typeof error });
  }
}

async function readLedgers(env: Env, config: Config, now: number): Promise<readonly LedgerStatus[]> {
  const answers = await new LedgerShards(env.ASSERTION_LEDGER, config.ledger).everyStatus();
  for (const [shard, status] of answers.entries()) {
    if (status === null) log({ event: "ledger_unreachable", shard: String(shard) });
    const level = status === null ? "ok" : backlogLevel(status, now);
    if (level !== "ok") log({ event: "audit_backlog", level, shard: String(shard), pending: String(status?.pending) });
  }
  return answers.filter((status) => status !== null);
}

async function meetSinks(env: Env, config: Config, ledgers: readonly LedgerStatus[]): Promise<void> {
  const sinks = new Sinks({ documents: env.TRUST_AND_POLICY, objects: env.AUDIT_SINK, placement: config.ledger });
  await sinks.meet(ledgers.map(({ chain, archivedHead }) => ({ chain, sequence: 0, hash: null, ...archivedHead })));
}

async function recordChangeNotes(env: Env, config: Config, nowMilliseconds: number): Promise<void> {
  const { TRUST_AND_POLICY: store } = env;
  const ledger = new LedgerShards(env.ASSERTION_LEDGER, config.ledger);
  await collectChangeNotes({
    store,
    issuer: config.issuer,
    findAdmin: async (name) => readAdmin(name, await store.get(`admin:${name}`), config),
    record: (event) => ledger.record(event.id, serializeAuditEvent(event)),
    nowMilliseconds,
  });
}

function readAdmin(name: string, text: string | null, { egress }: Config): AdminDocument | null {
  if (text === null) return null;
  try {
    return parseTrustDocument("admin", { name, text }, egress);
  } catch (error) {
    if (error instanceof DocumentInvalid) return null;
    throw error;
  }
}

/** Asked twice: a record that was written since the ledgers were asked is no sign of anything. */
async function findGoneBack({ env, config, ledgers }: Round): Promise<void> {
  const suspected = await filterGoneBack(env, ledgers);
  if (suspected.length === 0) return;
  const asked = await new LedgerShards(env.ASSERTION_LEDGER, config.ledger).everyStatus();
  const again = asked.filter((status) => suspected.some(({ chain }) => chain === status?.chain));
  for (const { chain, last } of await filterGoneBack(
    env,
    again.filter((status) => status !== null),
  )) {
    log({ event: "ledger_gone_back", chain, sequence: String(last) });
  }
}

async function filterGoneBack(
  { AUDIT_ARCHIVE }: Env,
  ledgers: readonly LedgerStatus[],
): Promise<readonly LedgerStatus[]> {
  const gone = await Promise.all(ledgers.map((ledger) => hasGoneBack(AUDIT_ARCHIVE, ledger)));
  return ledgers.filter((_ledger, at) => gone[at]);
}

async function reconcileAll({ env, ledgers }: Round): Promise<void> {
  const stores = { archive: env.AUDIT_ARCHIVE, index: env.AUDIT_INDEX };
  for (const { chain, archived } of ledgers) {
    // oxlint-disable-next-line no-await-in-loop -- sixteen or so, once an hour: the index is asked by one at a time
    const { indexed, missing } = await reconcile({ ...stores, chain, archived });
    if (indexed > 0) log({ event: "audit_indexed_again", chain, batches: String(indexed) });
    if (missing !== null) log({ event: "audit_gap", chain, sequence: String(missing) });
  }
}

async function checkpoint({ env, config, ledgers, nowMilliseconds }: Round): Promise<void> {
  const heads = ledgers.flatMap(({ chain, archivedHead: head }) => (head === null ? [] : [{ chain, ...head }]));
  const signer = await parseAuditKeys(env.AUDIT_SIGNING_KEYS).signer();
  await writeCheckpoint({ store: env.AUDIT_ARCHIVE, issuer: config.issuer, signer, heads, nowMilliseconds });
}

async function noticeRotation({ env, config, nowMilliseconds }: Round): Promise<void> {
  const ledger = new LedgerShards(env.ASSERTION_LEDGER, config.ledger);
  const [signing, audit] = await Promise.all([
    SigningKeys.parse(env.SIGNING_KEYS).signer(),
    parseAuditKeys(env.AUDIT_SIGNING_KEYS).signer(),
  ]);
  await noticeKeys(
    {
      store: env.AUDIT_ARCHIVE,
      record: (event) => ledger.record(event.id, serializeAuditEvent(event)),
      nowMilliseconds,
    },
    { SIGNING_KEYS: signing.kid, AUDIT_SIGNING_KEYS: audit.kid, ...currentVaultKey(env) },
  );
}

/** Nothing where there is none: without it nothing rests on it either, and health says so. */
function currentVaultKey({ VAULT_KEYS }: Env): Readonly<Record<string, string>> {
  try {
    return { VAULT_KEYS: VaultKeys.parse(VAULT_KEYS).currentId };
  } catch (error) {
    if (error instanceof VaultKeysInvalid) return {};
    throw error;
  }
}

/** The newest checkpoint, and the keys that verify it: all that an auditor needs beside the archive. @throws Outage */
export async function readEvidence(env: Env): Promise<object> {
  const { keys } = parseAuditKeys(env.AUDIT_SIGNING_KEYS).published;
  return { checkpoint: await readNewestCheckpoint(env.AUDIT_ARCHIVE), keys };
}

async function readNewestCheckpoint(archive: R2Bucket): Promise<string | null> {
  try {
    return (await (await archive.get(LATEST_CHECKPOINT))?.text()) ?? null;
  } catch (error) {
    throw new Outage("audit_archive_unavailable", { cause: error });
  }
}

/** Keys of their own: who can sign tokens must not be able to sign the record of them. */
function parseAuditKeys(secret: string): SigningKeys {
  try {
    return SigningKeys.parse(secret);
  } catch {
    throw new ConfigInvalid("AUDIT_SIGNING_KEYS does not parse; make one with: npx crossgate keys new");
  }
}
