import { DurableObject } from "cloudflare:workers";
import { log } from "../src/audit/operator-log.ts";
import { LIMITS } from "../src/limits.ts";
import { parseConfig } from "../src/config.ts";
import type { FencedFacts } from "../src/revocation/fence.ts";
import type { Position } from "../src/revocation/fence-set.ts";
import { recordOfReplay } from "../src/audit/replay-record.ts";
import { AuditChain } from "./audit-chain.ts";
import { deliver } from "./audit-delivery.ts";
import { DeliveryAlarm } from "./delivery-alarm.ts";
import { LedgerFences } from "./ledger-fences.ts";
import { LedgerTables } from "./ledger-tables.ts";
import { Outbox } from "./outbox.ts";
import { findRegistry } from "./revocations.ts";

export interface ConsumeRequest {
  /** Digest of (namespace, issuer or key, jti): `ledger-shards.ts` makes it. */
  readonly key: ArrayBuffer;
  readonly attemptId: string;
  readonly retainUntilSeconds: number;
  /** Absent where the key serves once. */
  readonly sharedUse?: SharedUse | null;
  /** Serialized audit event of a grant, written with the decision; null where the decision is recorded elsewhere. */
  readonly event: string | null;
  /** What must not have been revoked; null where nothing is issued for it. */
  readonly fenced: FencedFacts | null;
}

/** A key that its first holder may use again for as long as the ledger remembers it. */
export interface SharedUse {
  /** Names who may; never a string that could be an attempt's. */
  readonly holder: string;
  /** Of this attempt's record, apart from every other key, so that a retry inside one request writes one record. */
  readonly recordKey: ArrayBuffer;
}

export interface ConfirmedBatch {
  readonly lastSequence: number;
  readonly hash: string;
}

export interface LedgerStatus {
  readonly chain: string;
  /** The newest record. */
  readonly last: number;
  /** Records that the archive has not confirmed. */
  readonly pending: number;
  /** Through here the archive has confirmed everything. */
  readonly archived: number;
  /** The last batch that the archive has with all before it: what a checkpoint signs. */
  readonly archivedHead: { readonly sequence: number; readonly hash: string } | null;
  /** When the oldest record happened that the archive lacks, in milliseconds. */
  readonly oldestPending: number | null;
}

export type ConsumeResult =
  | "consumed"
  | "replayed"
  | "backlogged"
  | "retention_exceeded"
  | "fenced"
  | "outdated"
  | "fences_unknown";

/**
 * One shard of the memory of what has been used. `consume` is a single synchronous transaction: look, insert, record.
 * There is no `await` between looking and inserting, where a second request could step in, and the answer leaves only
 * when the write is durable (output gate). Every other method exists to bring the records out and to forget in time.
 */
export class AssertionLedger extends DurableObject<Env> {
  readonly #tables: LedgerTables;
  readonly #fences: LedgerFences;
  #outbox: Outbox;
  readonly #chain: AuditChain;
  readonly #alarm: DeliveryAlarm;

  constructor(context: DurableObjectState, env: Env) {
    super(context, env);
    this.#tables = new LedgerTables(context.storage.sql);
    this.#outbox = new Outbox(this.#tables);
    // By its id as well: a ledger in another jurisdiction has the same name, and numbers of its own.
    const id = context.id.toString();
    this.#chain = new AuditChain(
      `${context.id.name ?? "ledger"}/${id.slice(0, 16)}`,
      context.storage.sql,
      this.#tables,
    );
    this.#fences = new LedgerFences({
      renewLease: (heard) =>
        findRegistry(env.REVOCATION_REGISTRY, parseConfig(env).ledger).renewLease({ ledger: id, heard }),
      waitUntil: (promise) => context.waitUntil(promise),
    });
    this.#alarm = new DeliveryAlarm(context.storage, this.#tables, {
      pending: () => this.#outbox.pending,
      nextExpiry: () => this.#tables.nextExpiry(),
      nextDue: () => this.#chain.nextDue(),
    });
  }

  /** Safe to repeat with the same `attemptId`: the attempt that consumed gets the same answer again, others never do. */
  consume(request: ConsumeRequest): ConsumeResult | Promise<ConsumeResult> {
    if (request.fenced === null || this.#fences.isCurrent(Date.now())) return this.#decide(request);
    // A ledger that was idle, that starts anew, or that has just been told of a revocation.
    return this.#fences.becomeCurrent().then(() => this.#decide(request));
  }

  /** Told by the registry: there is more to hear, and nothing is issued before it has been heard. */
  announce(position: Position): void {
    this.#fences.announce(position);
  }

  /** All in one turn: whatever is announced comes before it or after it. */
  #decide(request: ConsumeRequest): ConsumeResult {
    const now = Date.now();
    const verdict = request.fenced === null ? "passes" : this.#fences.judge(request.fenced, now);
    if (request.fenced !== null) this.#fences.renewWhenDue(now);
    if (verdict === "unknown") return "fences_unknown";
    // Before the identifier: what is refused as revoked is not spent by it, and a replay of it is told nothing more.
    if (verdict !== "passes") return verdict;
    if (this.#outbox.pending >= LIMITS.outboxEvents) return "backlogged";
    if (request.retainUntilSeconds * 1000 > now + LIMITS.ledgerRetentionSeconds * 1000) return "retention_exceeded";
    // Whatever made the Worker so late, what this shard may have forgotten is not consumed as new.
    if (request.retainUntilSeconds * 1000 <= now) return "retention_exceeded";
    const { sharedUse = null } = request;
    return this.#transact(() =>
      sharedUse === null ? this.#consume(request, now) : this.#consumeShared(request, sharedUse, now),
    );
  }

  /** Takes back what this very attempt consumed here and was never told as consumed to anyone (`ledger-shards.ts`). */
  release(key: ArrayBuffer, attemptId: string): void {
    this.#transact(() => this.#tables.release(key, attemptId));
  }

  /** Writes the record of a decision that consumed nothing. Idempotent by `eventId`, 16 bytes of its own name space. */
  record(key: ArrayBuffer, attemptId: string, event: string): "recorded" | "backlogged" {
    if (this.#outbox.pending >= LIMITS.outboxEvents) return "backlogged";
    const now = Date.now();
    this.#transact(() => {
      if (this.#tables.findAttempt(key, now) === null) this.#insert({ key, attempt: attemptId, event }, now);
    });
    return "recorded";
  }

  /** The archive's consumer has written these batches; once nothing before them is missing, their records may go. */
  confirm(confirmed: readonly ConfirmedBatch[]): void {
    const hasMoved = this.ctx.storage.transactionSync(() => this.#chain.confirm(confirmed));
    if (hasMoved) this.#outbox.markArchived(this.#chain.archived);
  }

  /** For health checks, the reconciler and tests: how far the archive is behind. */
  status(): LedgerStatus {
    const { archived, archivedHead, name } = this.#chain;
    const { last, pending } = this.#outbox;
    return { chain: name, last, pending, archived, archivedHead, oldestPending: this.#oldestPending() };
  }

  /** Never throws: an alarm that does gives up for good after seven attempts, about 145 s. */
  override async alarm(): Promise<void> {
    this.#alarm.hasFired();
    try {
      const { queue, ledger } = { queue: this.env.AUDIT_QUEUE, ledger: this.ctx.id.toString() };
      const delivered = await deliver({ chain: this.#chain, outbox: this.#outbox, ledger, queue }, Date.now());
      this.ctx.storage.transactionSync(() =>
        this.#tables.dropExpired(Date.now(), this.#chain.archived, this.#outbox.last),
      );
      this.#alarm.armAfterDelivery(delivered);
    } catch (error) {
      // By its class alone. Once a back-off, so that a long outage of the queue fills no log.
      log({ event: "audit_drain_failed", class: error instanceof Error ? error.name : typeof error });
      this.#alarm.armAfterFailure();
    }
  }

  #transact<Result>(work: () => Result): Result {
    try {
      const result = this.ctx.storage.transactionSync(work);
      this.#alarm.arm();
      return result;
    } catch (error) {
      this.#tables.reload();
      this.#outbox = new Outbox(this.#tables);
      throw error;
    }
  }

  #consume(request: ConsumeRequest, now: number): ConsumeResult {
    const { key, attemptId, event } = request;
    const consumedBy = this.#tables.findAttempt(key, now);
    if (consumedBy === attemptId) return "consumed";
    if (consumedBy === null) {
      this.#insert({ key, attempt: attemptId, event }, now);
      return "consumed";
    }
    return this.#refuseReplay(request, now);
  }

  /** What served once, or another holder, is a replay here too; each use by its own holder has a record of its own. */
  #consumeShared(request: ConsumeRequest, { holder, recordKey }: SharedUse, now: number): ConsumeResult {
    const { key, attemptId, event } = request;
    const heldBy = this.#tables.findAttempt(key, now);
    if (heldBy !== null && heldBy !== holder) return this.#refuseReplay(request, now);
    if (heldBy === null) this.#insert({ key, attempt: holder, event: null }, now);
    if (event !== null && this.#tables.findAttempt(recordKey, now) === null) {
      this.#insert({ key: recordKey, attempt: attemptId, event }, now);
    }
    return "consumed";
  }

  #refuseReplay({ attemptId, event }: ConsumeRequest, now: number): ConsumeResult {
    if (event !== null) this.#insert({ key: randomKey(), attempt: attemptId, event: recordOfReplay(event) }, now);
    return "replayed";
  }

  #insert({ key, attempt, event }: { key: ArrayBuffer; attempt: string; event: string | null }, now: number): void {
    const sequence = this.#outbox.nextSequence();
    if (event === null) return this.#tables.insert({ key, attempt, sequence: 0, event: "" }, sequence, now);
    this.#tables.insert({ key, attempt, sequence, event }, sequence, now);
    this.#outbox.append({ sequence, event });
  }

  #oldestPending(): number | null {
    if (this.#outbox.pending === 0) return null;
    const oldest = this.#outbox.peek(this.#chain.archived + 1);
    const time = /"time":"([^"]+)"/.exec(oldest?.event ?? "")?.[1];
    return time === undefined ? null : Date.parse(time);
  }
}

function randomKey(): ArrayBuffer {
  return crypto.getRandomValues(new Uint8Array(16)).buffer;
}
