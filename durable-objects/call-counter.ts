import { DurableObject } from "cloudflare:workers";

export type Admission =
  | { readonly isAdmitted: true }
  | { readonly isAdmitted: false; readonly retryAfterMilliseconds: number };

interface Counted {
  /** When the calls were made that still count, the oldest first. */
  readonly madeAt: readonly number[];
  readonly windowMilliseconds: number;
  /** Calls that are running, by lease, and until when each counts. */
  readonly running: Readonly<Record<string, number>>;
}

const COUNTED = "counted";
const NOTHING: Counted = { madeAt: [], windowMilliseconds: 0, running: {} };

/**
 * Counts the calls of whoever shares one limit of one rule, exactly and wherever they come from: the runtime's own rate
 * limits count per location, roughly and for ten seconds or a minute. It costs such calls a round trip, and no others.
 * What is counted is stored before the answer leaves, so that neither an eviction nor a crash forgets it.
 */
export class CallCounter extends DurableObject<Env> {
  #alarmAt: number | null = null;

  /** Counts one call where there is room in the window. Asked twice about one call, it counts two: never too few. */
  count(calls: number, windowMilliseconds: number): Admission {
    const now = Date.now();
    const counted = this.#read(now, windowMilliseconds);
    const { madeAt } = counted;
    // The one that has to leave the window first; a rule that was made stricter has more than one to wait for.
    const inTheWay = madeAt[madeAt.length - calls];
    if (inTheWay !== undefined) {
      return { isAdmitted: false, retryAfterMilliseconds: Math.max(1, inTheWay + windowMilliseconds - now) };
    }
    this.#write({ ...counted, madeAt: [...madeAt, now], windowMilliseconds });
    return { isAdmitted: true };
  }

  /** Lets one more run where there is room. Safe to repeat with the same lease. */
  enter(lease: string, calls: number, leaseMilliseconds: number): boolean {
    const now = Date.now();
    const counted = this.#read(now);
    const others = Object.keys(counted.running).filter((one) => one !== lease);
    if (others.length >= calls) return false;
    this.#write({ ...counted, running: { ...counted.running, [lease]: now + leaseMilliseconds } });
    return true;
  }

  /** For one that still runs. One that had run out is not taken back in: others may have its place. */
  renew(lease: string, leaseMilliseconds: number): void {
    const now = Date.now();
    const counted = this.#read(now);
    if (counted.running[lease] === undefined) return;
    this.#write({ ...counted, running: { ...counted.running, [lease]: now + leaseMilliseconds } });
  }

  leave(lease: string): void {
    const counted = this.#read(Date.now());
    if (counted.running[lease] === undefined) return;
    const { [lease]: _left, ...running } = counted.running;
    this.#write({ ...counted, running });
  }

  /** Nothing is left behind of whoever calls no more. Never throws: an alarm that does gives up for good. */
  override async alarm(): Promise<void> {
    this.#alarmAt = null;
    try {
      const counted = this.#read(Date.now());
      if (dueAt(counted) === null) await this.ctx.storage.deleteAll();
      else this.#write(counted);
    } catch {
      this.#rearm(Date.now());
    }
  }

  #read(now: number, windowMilliseconds: number | null = null): Counted {
    const counted = this.ctx.storage.kv.get<Counted>(COUNTED) ?? NOTHING;
    const window = windowMilliseconds ?? counted.windowMilliseconds;
    return {
      madeAt: counted.madeAt.filter((at) => at > now - window),
      windowMilliseconds: window,
      running: Object.fromEntries(Object.entries(counted.running).filter(([, until]) => until > now)),
    };
  }

  #write(counted: Counted): void {
    this.ctx.storage.kv.put<Counted>(COUNTED, counted);
    const due = dueAt(counted);
    if (due !== null) this.#rearm(due);
  }

  /** One write for each alarm and not one for each call: an earlier alarm is left standing. */
  #rearm(at: number): void {
    if (this.#alarmAt !== null && this.#alarmAt <= at) return;
    this.#alarmAt = at;
    void this.ctx.storage.setAlarm(at);
  }
}

/** When all of it will be over; null where nothing counts any more. */
function dueAt({ madeAt, windowMilliseconds, running }: Counted): number | null {
  const last = madeAt.at(-1);
  const ends = [...Object.values(running), ...(last === undefined ? [] : [last + windowMilliseconds])];
  return ends.length === 0 ? null : Math.max(...ends);
}
