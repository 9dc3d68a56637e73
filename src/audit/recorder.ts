import { type AuditEvent, serializeAuditEvent } from "./audit-event.ts";
import type { Reason } from "./reason.ts";
import type { SubjectNames } from "./subject-names.ts";

interface RecorderOptions {
  readonly names: SubjectNames;
  /** Writes one serialized event durably, idempotently by its id, or throws `Outage`. */
  readonly write: (id: string, serialized: string) => Promise<void>;
  /** Keeps the request's context alive until this settles. */
  readonly waitUntil: (promise: Promise<unknown>) => void;
  readonly counters: Pick<AnalyticsEngineDataset, "writeDataPoint">;
}

export type Channel = "token" | "gateway" | "connect" | "admin";

/**
 * Where decisions go. Three guarantees, by what is at stake: a decision of the token endpoint is durable before it is
 * answered; a gateway call is recorded beside its answer, so that it costs the call no round trip, and a crash in that
 * moment can lose it; junk from nobody in particular is counted, or an attacker would fill our records at his pleasure.
 */
export class Recorder {
  readonly #options: RecorderOptions;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** As every record is spelled, whoever writes it: with people named as this deployment has them named. */
  serialize(event: AuditEvent): string | Promise<string> {
    const named = this.#options.names.record(event);
    return named instanceof Promise ? named.then(serializeAuditEvent) : serializeAuditEvent(named);
  }

  /** @throws Outage: without a record there is no answer */
  async record(event: AuditEvent): Promise<void> {
    const serialized = this.serialize(event);
    await this.#options.write(event.id, typeof serialized === "string" ? serialized : await serialized);
  }

  /** One that is still to come keeps the request's context until it does, as far as the runtime lets it. */
  recordInBackground(event: AuditEvent | Promise<AuditEvent>): void {
    // The ledger's own retries are over by then; what is left to do with a failure is to count it.
    const known = event instanceof Promise ? event.then((one) => this.record(one)) : this.record(event);
    const written = known.catch(() => this.count("gateway", "audit_lost"));
    this.#options.waitUntil(written);
  }

  count(channel: Channel, reason: Reason | "audit_lost"): void {
    this.#options.counters.writeDataPoint({ indexes: [reason], blobs: [channel], doubles: [1] });
  }
}
