import { type AuditEvent, type AuditFacts, makeAuditEvent, type RequestTrace } from "../audit/audit-event.ts";
import type { Fence } from "../revocation/fence.ts";
import type { IssuerNote, StreamNote } from "../revocation/stream-note.ts";
import { fenceOf, hasEffect, nameOfEvent } from "./effect.ts";
import type { SecurityEvent } from "./security-event.ts";
import { noteOf } from "./stream-event.ts";
import { namedBy, resolveSubject, type SignalSubject, type SubjectDirectory, type Unresolved } from "./subject.ts";

/** By what an event takes effect, whichever way it came. */
export interface SignalEffects extends SubjectDirectory {
  /** Durable when it returns, and counted as this issuer's. @throws Outage */
  readonly join: (fences: readonly Fence[], issuer: string) => Promise<unknown>;
  /** @throws Outage */
  readonly note: (note: IssuerNote) => Promise<unknown>;
  /** Tokens that are good now and rest on this, for the record; null where that is not known at once. */
  readonly countCutOff: (named: Readonly<Record<string, string>>) => Promise<number | null>;
  /** @throws Outage */
  readonly record: (event: AuditEvent) => Promise<void>;
}

/**
 * Done when its effect and its record are durable. That it comes twice, late or out of order changes nothing
 * (`fence.ts`), so no identifier has to be remembered for that. @throws SignalRejected, Outage
 */
export async function act(event: SecurityEvent, trace: RequestTrace, uses: SignalEffects): Promise<void> {
  const note = noteOf(event);
  if (note !== null) return keep(note, event, { trace, uses });
  if (!hasEffect(event.type)) return;
  const subject = await resolveSubject(event.subjectId, event.idp, uses);
  const fence = typeof subject === "string" ? null : fenceOf(subject.fence, event);
  if (fence !== null) await uses.join([fence], event.idp.issuer);
  // Recorded all the same: somebody must see that a provider speaks of people whom we cannot find.
  if (fence === null && typeof subject !== "string") return;
  const count = typeof subject === "string" ? null : await uses.countCutOff(namedBy(subject, event.idp.issuer));
  await uses.record({ ...describe(event, subject, trace), count });
}

interface Handling {
  readonly trace: RequestTrace;
  readonly uses: SignalEffects;
}

async function keep(note: StreamNote, event: SecurityEvent, { trace, uses }: Handling): Promise<void> {
  await uses.note({ issuer: event.idp.issuer, note });
  const facts = {
    type: "signal_stream",
    action: note.kind === "verification" ? "verified" : "updated",
    decision: "done",
    reason: note.kind === "status" ? note.status : null,
    issuer: event.idp.issuer,
    key_id: event.keyId,
  } as const satisfies AuditFacts;
  await uses.record(makeAuditEvent(crypto.randomUUID(), trace, facts));
}

function describe(event: SecurityEvent, subject: SignalSubject | Unresolved, trace: RequestTrace): AuditEvent {
  const name = nameOfEvent(event.type);
  const found = typeof subject === "string" ? null : subject;
  return makeAuditEvent(crypto.randomUUID(), trace, {
    type: "revocation",
    action: name === "account-enabled" ? "lifted" : "revoked",
    decision: found === null ? "failed" : "done",
    reason: found === null ? "signal_subject_unresolved" : name,
    operation: name,
    issuer: event.idp.issuer,
    tenant: found?.tenant ?? null,
    subject: found?.sub ?? null,
    account: found?.account ?? null,
    key_id: event.keyId,
  });
}
