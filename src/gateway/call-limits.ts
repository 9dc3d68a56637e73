import type { AccessToken } from "../access-token/verify.ts";
import { LIMITS } from "../limits.ts";
import type { Obligation } from "../policy/obligations.ts";
import type { Call } from "./call-record.ts";
import { CallRefused } from "./refusal.ts";
import { whenEnded } from "./watched-stream.ts";

/** Counters, each named by what it counts: durable-objects/call-limits.ts. Each may throw `Outage`. */
export interface CallLimitDependencies {
  readonly limits: {
    readonly count: (
      counted: readonly string[],
      rate: { readonly calls: number; readonly perSeconds: number },
    ) => Promise<
      { readonly isAdmitted: true } | { readonly isAdmitted: false; readonly retryAfterMilliseconds: number }
    >;
    readonly enter: (counted: readonly string[], lease: string, calls: number) => Promise<boolean>;
    readonly renew: (counted: readonly string[], lease: string) => Promise<void>;
    readonly leave: (counted: readonly string[], lease: string) => Promise<void>;
  };
  /** Keeps what is left to do alive when the caller has gone. */
  readonly outlast: (work: Promise<unknown>) => void;
}

/** The places that one call takes among those that run. */
export class Running {
  readonly #uses: CallLimitDependencies;
  readonly #lease = crypto.randomUUID();
  readonly #places: (readonly string[])[] = [];
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(uses: CallLimitDependencies) {
    this.#uses = uses;
  }

  /**
   * Takes a place wherever a rule lets only so many run. What is refused then has to leave. @throws CallRefused, Outage
   */
  async enter(call: Call, token: AccessToken): Promise<void> {
    for (const obligation of onePerRule(call.obligations)) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other: what one refuses takes no place at the next
      await this.#takePlace(call, token, obligation);
    }
  }

  /** Counts the call wherever a rule counts: one that is made, and not one that waits. @throws CallRefused, Outage */
  async count(call: Call, token: AccessToken): Promise<void> {
    for (const obligation of onePerRule(call.obligations)) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other, for the same reason
      await this.#count(call, token, obligation);
    }
  }

  /** Ends when the answer has been read, when its reader goes, and when it breaks. */
  until(response: Response): Response {
    if (this.#places.length === 0) return response;
    if (response.body !== null) {
      this.#timer = setInterval(() => this.#renew(), LIMITS.callLeaseRenewalMilliseconds);
    }
    return whenEnded(response, () => this.leave(), this.#uses.outlast);
  }

  /** Safe to repeat. */
  leave(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    for (const place of this.#places.splice(0)) {
      // One that is not given back ends with its lease.
      this.#uses.outlast(this.#uses.limits.leave(place, this.#lease).catch(() => undefined));
    }
  }

  async #takePlace(call: Call, token: AccessToken, { rule, concurrency }: Obligation): Promise<void> {
    if (concurrency === undefined) return;
    const place = ["concurrency", ...sharersOf({ call, token, rule, by: concurrency.by })];
    // Before it is known: an answer that is lost may have taken it.
    this.#places.push(place);
    if (await this.#uses.limits.enter(place, this.#lease, concurrency.calls)) return;
    const retryAfterSeconds = LIMITS.concurrencyRetryAfterSeconds;
    throw new CallRefused("concurrency_limited", { policyRule: rule, retryAfterSeconds });
  }

  async #count(call: Call, token: AccessToken, { rule, rate }: Obligation): Promise<void> {
    if (rate === undefined) return;
    const { calls, per_seconds: perSeconds, by } = rate;
    const admission = await this.#uses.limits.count(["rate", ...sharersOf({ call, token, rule, by })], {
      calls,
      perSeconds,
    });
    if (admission.isAdmitted) return;
    const retryAfterSeconds = Math.ceil(admission.retryAfterMilliseconds / 1000);
    throw new CallRefused("rate_limited", { policyRule: rule, retryAfterSeconds });
  }

  #renew(): void {
    for (const place of this.#places) {
      this.#uses.outlast(this.#uses.limits.renew(place, this.#lease).catch(() => undefined));
    }
  }
}

interface Sharing {
  readonly call: Call;
  readonly token: AccessToken;
  readonly rule: string;
  readonly by: readonly ("subject" | "client" | "tool")[];
}

/** Names who shares the count; a tool is one of one server. */
function sharersOf({ call, token, rule, by }: Sharing): readonly string[] {
  const { message, resource } = call;
  return [
    token.organization,
    rule,
    by.includes("subject") ? token.principal : "",
    by.includes("client") ? token.clientId : "",
    ...(by.includes("tool") ? [resource.resource, message?.method ?? "", message?.target ?? ""] : []),
  ];
}

/** A message may ask for several things, which the same rule permits: it is one call. */
function onePerRule(obligations: readonly Obligation[]): readonly Obligation[] {
  return [...new Map(obligations.map((obligation) => [obligation.rule, obligation])).values()];
}
