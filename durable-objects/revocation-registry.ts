import { DurableObject } from "cloudflare:workers";
import { parseConfig } from "../src/config.ts";
import { LIMITS } from "../src/limits.ts";
import { fencesOfReplaced, type ReplacedDocument } from "../src/revocation/document-fence.ts";
import type { EndedSignIns } from "../src/revocation/ended-sign-ins.ts";
import type { Fence } from "../src/revocation/fence.ts";
import type { FenceUpdate, Position } from "../src/revocation/fence-set.ts";
import { fenceOfOrder, type Order } from "../src/revocation/orders.ts";
import type { IssuerNote } from "../src/revocation/stream-note.ts";
import type { RevocationStatus } from "../src/revocation/status.ts";
import { within } from "../src/revocation/within.ts";
import { Connections } from "./connections.ts";
import { EndedConnections } from "./ended-connections.ts";
import { type Giver, RegistryRoom } from "./registry-room.ts";
import { RegistryTables } from "./registry-tables.ts";
import { StreamNotes } from "./stream-notes.ts";
import { findVault } from "./vault-owner.ts";

export interface LeaseRequest {
  /** The ledger's object id. */
  readonly ledger: string;
  readonly heard: Position;
}

/**
 * Everything that has been revoked, and the one place that says so. Each change has a version. A ledger issues only
 * while it holds a lease, and a lease is given only with every fence there is; so a change is in effect when each ledger
 * with a lease has heard of it, or its lease has run out. One that could not be reached finds out before it issues again.
 */
export class RevocationRegistry extends DurableObject<Env> {
  readonly #tables: RegistryTables;
  readonly #room: RegistryRoom;
  readonly #notes: StreamNotes;
  readonly #connections: EndedConnections;
  readonly #ledgers: Env["ASSERTION_LEDGER"];
  /** As far as this instance has said; null where it has not. */
  #wakesAtMilliseconds: number | null = null;

  constructor(context: DurableObjectState, env: Env) {
    super(context, env);
    this.#tables = new RegistryTables(context.storage.sql);
    this.#room = new RegistryRoom(context.storage.sql);
    this.#notes = new StreamNotes(context.storage.sql);
    const { ledger: placement } = parseConfig(env);
    const connections = new Connections((owner) => findVault(env.VAULT, placement, owner));
    this.#connections = new EndedConnections(context.storage.sql, (ended) => connections.endSignIns(ended));
    const { jurisdiction } = placement;
    this.#ledgers = jurisdiction === null ? env.ASSERTION_LEDGER : env.ASSERTION_LEDGER.jurisdiction(jurisdiction);
  }

  /** An operator's word, by this registry's clock. @returns null when there is no room for it. */
  order(names: readonly string[], order: Order): Promise<RevocationStatus | null> {
    const now = Date.now();
    return this.#apply("operator", () => names.map((name) => fenceOfOrder(name, order, this.#tables.find(name), now)));
  }

  /** So that nothing is issued by the text before, wherever that is still read. @returns null when there is no room. */
  replaceDocument(replaced: ReplacedDocument): Promise<RevocationStatus | null> {
    const nowMilliseconds = Date.now();
    const expiresAtMilliseconds = nowMilliseconds + LIMITS.documentReplacedSeconds * 1000;
    const find = (name: string): Fence | null => this.#tables.find(name);
    return this.#apply("operator", () => fencesOfReplaced(replaced, { find, nowMilliseconds, expiresAtMilliseconds }));
  }

  /** What a signal or a client said, which carries its own time. @returns null when there is no room for it. */
  join(fences: readonly Fence[], giver: Exclude<Giver, "operator">): Promise<RevocationStatus | null> {
    return this.#apply(giver, () => fences);
  }

  status(version: number): RevocationStatus {
    const now = Date.now();
    const waitingFor = this.#tables.waitingFor(version, now).length;
    const [ledgers, peopleStillConnected] = [this.#tables.leases(now), this.#connections.waiting(version)];
    return { version, isEffective: waitingFor === 0, waitingFor, ledgers, peopleStillConnected };
  }

  /** For whoever follows: what has changed since. */
  since(heard: Position): FenceUpdate {
    return this.#tables.since(heard);
  }

  find(name: string): Fence | null {
    return this.#tables.find(name);
  }

  noteStream(note: IssuerNote): void {
    this.#notes.put(note);
  }

  streamNotes(): readonly IssuerNote[] {
    return this.#notes.list();
  }

  list(prefix: string): readonly Fence[] {
    return this.#tables.list(prefix, LIMITS.fencesListed);
  }

  /**
   * What has changed, and with its last page leave to issue by it for `fenceLeaseMilliseconds`, as the ledger counts
   * them from when it asked. Here it is counted from now and with a margin: never shorter than the ledger thinks.
   */
  renewLease({ ledger, heard }: LeaseRequest): FenceUpdate {
    const update = this.#tables.since(heard);
    if (!update.isLast) return update;
    const nowMilliseconds = Date.now();
    const untilMilliseconds = nowMilliseconds + LIMITS.fenceLeaseMilliseconds + LIMITS.fenceLeaseMarginMilliseconds;
    this.#tables.lease({ ledger, told: update.version, heard: update.from, nowMilliseconds, untilMilliseconds });
    return update;
  }

  /** Never throws: an alarm that does gives up for good after seven attempts. */
  override async alarm(): Promise<void> {
    this.#wakesAtMilliseconds = null;
    try {
      this.ctx.storage.transactionSync(() => this.#room.release(this.#tables.dropExpired(Date.now())));
      await Promise.all([this.#announce(), this.#connections.endDue(Date.now())]);
    } catch {
      // Storage that fails now is tried again below.
    } finally {
      this.#rearm();
    }
  }

  /** Only what is new needs room: or a full registry could neither tighten what it knows nor take it back. */
  async #apply(giver: Giver, describe: () => readonly Fence[]): Promise<RevocationStatus | null> {
    const ended = this.ctx.storage.transactionSync(() => {
      const fences = describe();
      if (!this.#room.take(this.#tables.unknown(fences.map(({ name }) => name)), giver)) return null;
      this.#tables.join(fences);
      return this.#connections.add(fences, this.#tables.position.version, Date.now());
    });
    if (ended === null) return null;
    const { version } = this.#tables.position;
    // Before anything is waited for, so that what a restart interrupts is taken up again.
    if (ended.length > 0) this.#rearm();
    await Promise.all([this.#announce(), this.#endConnections(ended)]);
    this.#rearm();
    return this.status(version);
  }

  /** What takes longer goes on, and the answer says that it is not done. */
  async #endConnections(ended: readonly EndedSignIns[]): Promise<void> {
    if (ended.length === 0) return;
    await within(LIMITS.fenceAnnouncementMilliseconds, this.#connections.endNow(ended)).catch(() => undefined);
  }

  /** To every ledger that may be issuing and has not heard. Whoever answers has heard, and issues by nothing older. */
  async #announce(): Promise<void> {
    const { version } = this.#tables.position;
    const waiting = this.#tables.waitingFor(version, Date.now());
    const told = await Promise.all(waiting.map((ledger) => this.#tell(ledger)));
    this.ctx.storage.transactionSync(() => {
      for (const [at, ledger] of waiting.entries()) if (told[at] === true) this.#tables.acknowledge(ledger, version);
    });
  }

  async #tell(ledger: string): Promise<boolean> {
    try {
      const stub = this.#ledgers.get(this.#ledgers.idFromString(ledger));
      await within(LIMITS.fenceAnnouncementMilliseconds, stub.announce(this.#tables.position));
      return true;
    } catch {
      return false;
    }
  }

  #rearm(): void {
    const now = Date.now();
    const isWaiting = this.#tables.waitingFor(this.#tables.position.version, now).length > 0;
    const due = [this.#tables.nextExpiry(), this.#connections.nextDue()].filter((at) => at !== null);
    const soonest = now + LIMITS.fenceRetryMilliseconds;
    if (isWaiting) this.#wakeAt(soonest, now);
    else if (due.length > 0) this.#wakeAt(Math.max(Math.min(...due), soonest), now);
  }

  /** Never later than was said before: or orders that keep coming, which anybody can send, would put it off for good. */
  #wakeAt(atMilliseconds: number, nowMilliseconds: number): void {
    const isSaid = this.#wakesAtMilliseconds !== null && this.#wakesAtMilliseconds <= atMilliseconds;
    const isLost = (this.#wakesAtMilliseconds ?? 0) < nowMilliseconds - LIMITS.fenceLeaseMilliseconds;
    if (isSaid && !isLost) return;
    this.#wakesAtMilliseconds = atMilliseconds;
    void this.ctx.storage.setAlarm(atMilliseconds);
  }
}
