import { LIMITS } from "../src/limits.ts";
import type { LedgerTables } from "./ledger-tables.ts";

/** What there is to wake for, asked anew each time. */
export interface Agenda {
  /** Records that wait for their delivery. */
  readonly pending: () => number;
  /** When the oldest expired key may be forgotten; null when nothing is kept. */
  readonly nextExpiry: () => number | null;
  /** When a batch is late that was sent and that nobody has confirmed; null when there is none. */
  readonly nextDue: () => number | null;
}

type Storage = Pick<DurableObjectStorage, "setAlarm">;

/**
 * When a ledger wakes by itself: one write for each alarm and not one for each request, and never sooner than a failed
 * delivery allows.
 */
export class DeliveryAlarm {
  readonly #storage: Storage;
  readonly #tables: LedgerTables;
  readonly #agenda: Agenda;
  #at: number | null = null;
  /** After a failed delivery nothing is delivered before this, however many go on redeeming. */
  #heldUntil = 0;

  constructor(storage: Storage, tables: LedgerTables, agenda: Agenda) {
    this.#storage = storage;
    this.#tables = tables;
    this.#agenda = agenda;
    // An alarm that was lost would strand the records; whoever wakes this object sets it going again.
    if (agenda.pending() > 0) this.#wakeWithin(LIMITS.auditDrainDelayMilliseconds);
  }

  hasFired(): void {
    this.#at = null;
  }

  arm(): void {
    const expiry = this.#agenda.nextExpiry();
    if (this.#agenda.pending() > 0) this.#wakeWithin(LIMITS.auditDrainDelayMilliseconds);
    else if (expiry !== null) this.#wakeWithin(Math.max(0, expiry - Date.now()));
  }

  /** Under load one alarm sets the next, so that no request has to; at rest it waits for what will be late first. */
  armAfterDelivery({ isBusy, hasMore }: { readonly isBusy: boolean; readonly hasMore: boolean }): void {
    if (this.#tables.readState("failures") > 0) this.#tables.writeState("failures", 0);
    this.#heldUntil = 0;
    const due = this.#agenda.nextDue();
    if (hasMore) this.#wakeWithin(0);
    else if (isBusy || due === null) this.arm();
    else this.#wakeWithin(Math.max(LIMITS.auditDrainDelayMilliseconds, due - Date.now()));
  }

  armAfterFailure(): void {
    const failures = this.#tables.readState("failures") + 1;
    this.#tables.writeState("failures", failures);
    const backoff = LIMITS.auditRetryMinimumMilliseconds * 2 ** Math.min(failures - 1, 10);
    const delay = Math.min(backoff, LIMITS.auditRetryMaximumMilliseconds);
    this.#heldUntil = Date.now() + delay;
    this.#set(this.#heldUntil);
  }

  /** An earlier alarm is left standing. */
  #wakeWithin(milliseconds: number): void {
    const at = Math.max(Date.now() + milliseconds, this.#heldUntil);
    if (this.#at === null || this.#at > at) this.#set(at);
  }

  #set(at: number): void {
    this.#at = at;
    void this.#storage.setAlarm(at);
  }
}
