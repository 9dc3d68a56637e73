import { Outage } from "../src/audit/reason.ts";
import type { LedgerPlacement } from "../src/config.ts";
import { digestParts } from "../src/jwt/digest.ts";
import { LIMITS } from "../src/limits.ts";
import type { Admission, CallCounter } from "./call-counter.ts";

type Placement = Pick<LedgerPlacement, "jurisdiction" | "locationHint">;
type Counter = DurableObjectStub<CallCounter>;

/** The Worker's side of the counters: one for each limit of a rule and each of those who are counted by it. */
export class CallLimits {
  readonly #counters: DurableObjectNamespace<CallCounter>;
  readonly #placement: Placement;

  constructor(counters: DurableObjectNamespace<CallCounter>, placement: Placement) {
    this.#counters = placement.jurisdiction === null ? counters : counters.jurisdiction(placement.jurisdiction);
    this.#placement = placement;
  }

  /** @throws Outage limits_unavailable: and then the call must not go on */
  count(counted: readonly string[], { calls, perSeconds }: { calls: number; perSeconds: number }): Promise<Admission> {
    return this.#ask<Admission>(counted, async (counter) => counter.count(calls, perSeconds * 1000));
  }

  /** @throws Outage limits_unavailable */
  enter(counted: readonly string[], lease: string, calls: number): Promise<boolean> {
    return this.#ask(counted, (counter) => counter.enter(lease, calls, LIMITS.callLeaseMilliseconds));
  }

  /** @throws Outage limits_unavailable */
  renew(counted: readonly string[], lease: string): Promise<void> {
    return this.#ask(counted, (counter) => counter.renew(lease, LIMITS.callLeaseMilliseconds));
  }

  /** @throws Outage limits_unavailable: the lease then ends by itself */
  leave(counted: readonly string[], lease: string): Promise<void> {
    return this.#ask(counted, (counter) => counter.leave(lease));
  }

  /** Once more for an object that was just moved or restarted. */
  async #ask<Answer>(counted: readonly string[], question: (counter: Counter) => Promise<Answer>): Promise<Answer> {
    const name = `calls/v1/${await digestParts(counted)}`;
    try {
      return await question(this.#counter(name));
    } catch {
      return question(this.#counter(name)).catch((error: unknown) => {
        throw new Outage("limits_unavailable", { cause: error });
      });
    }
  }

  #counter(name: string): Counter {
    const hint = this.#placement.locationHint;
    return this.#counters.getByName(name, hint === null ? undefined : { locationHint: hint });
  }
}
