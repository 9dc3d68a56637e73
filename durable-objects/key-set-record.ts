import { type AuditEvent, makeAuditEvent, traceWithoutRequest } from "../src/audit/audit-event.ts";
import type { VerificationKey } from "../src/jwt/json-web-key.ts";

/** What an owner's key set was before a fetch and is after it. */
export interface KeySetChange {
  /** By its document: `idp:ISSUER`, `client:ID`. */
  readonly owner: string;
  readonly before: readonly VerificationKey[] | null;
  /** How often fetching had failed in a row. */
  readonly failuresBefore: number;
  /** The keys now, or why there are no new ones. */
  readonly fetched: readonly VerificationKey[] | string;
}

/**
 * What the audit trail is told of a fetch: that there are keys at last, that they are others than before, or that they
 * cannot be had, once and not again at every try. Null where nothing is new, which is nearly always.
 */
export function keySetEvent(change: KeySetChange, nowMilliseconds: number): AuditEvent | null {
  const action = actionOf(change);
  if (action === null) return null;
  const { owner, before, fetched } = change;
  const isFailed = typeof fetched === "string";
  return makeAuditEvent(crypto.randomUUID(), traceWithoutRequest(nowMilliseconds), {
    type: "key_set",
    action,
    decision: isFailed ? "failed" : "done",
    reason: isFailed ? fetched : null,
    document_key: owner,
    issuer: owner.startsWith("idp:") ? owner.slice("idp:".length) : null,
    count: isFailed ? (before?.length ?? 0) : fetched.length,
  });
}

function actionOf({ before, failuresBefore, fetched }: KeySetChange): "fetched" | "rotated" | "failed" | null {
  if (typeof fetched === "string") return failuresBefore === 0 ? "failed" : null;
  if (before !== null && spell(before) !== spell(fetched)) return "rotated";
  return before === null || failuresBefore > 0 ? "fetched" : null;
}

/** In any order: a provider that lists the same keys another way has rotated nothing. */
function spell(keys: readonly VerificationKey[]): string {
  return keys
    .map((key) => JSON.stringify(key))
    .toSorted()
    .join("\n");
}
