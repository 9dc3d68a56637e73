import { makeAuditEvent, type RequestTrace } from "../audit/audit-event.ts";
import type { IntrospectionRefusal } from "../audit/reason.ts";
import type { Recorder } from "../audit/recorder.ts";
import { digestParts } from "../jwt/digest.ts";
import { LIMITS } from "../limits.ts";

export interface Introspection {
  readonly clientId: string;
  readonly resource: string;
  readonly mayAsk: boolean;
}

/**
 * Who asks about whose tokens: for the audit trail once in `ledgerRetentionSeconds`, which is as long as a ledger knows
 * that it has a record. A resource server asks at each call, and a record of each would be more than all others together.
 */
export class IntrospectionRecords {
  readonly #recorder: Pick<Recorder, "recordInBackground">;
  readonly #noted = new Set<string>();
  #window = 0;

  constructor(recorder: Pick<Recorder, "recordInBackground">) {
    this.#recorder = recorder;
  }

  async note({ clientId, resource, mayAsk }: Introspection, trace: RequestTrace): Promise<void> {
    const window = Math.floor(trace.receivedAtMilliseconds / (LIMITS.ledgerRetentionSeconds * 1000));
    if (window !== this.#window || this.#noted.size >= LIMITS.introspectionsNoted) this.#noted.clear();
    this.#window = window;
    const parts = ["introspection", clientId, resource, String(mayAsk), String(window)];
    const name = JSON.stringify(parts);
    if (this.#noted.has(name)) return;
    this.#noted.add(name);
    const verdict = mayAsk
      ? ({ decision: "granted", reason: null } as const)
      : ({ decision: "refused", reason: "introspection_not_allowed" satisfies IntrospectionRefusal } as const);
    const facts = { type: "introspection", client_id: clientId, resource, ...verdict } as const;
    this.#recorder.recordInBackground(makeAuditEvent(await digestParts(parts), trace, facts));
  }
}
