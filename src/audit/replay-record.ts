import { type AuditEvent, serializeAuditEvent } from "./audit-event.ts";

/** What a record of a grant says and one of a refusal does not, however far the redemption had come. */
export const NOTHING_GRANTED = {
  scope_granted: null,
  authorization_details_types: [] as string[],
  authorization_details_hash: null,
  token_id: null,
  token_expires_at: null,
  bound_to_key: null,
} as const satisfies Partial<AuditEvent>;

/**
 * What the record of a grant becomes where the ledger finds that the assertion has served. Only the ledger learns which
 * of the two is true, and if it were sent both, every redemption would carry the one that is hardly ever written.
 */
export function recordOfReplay(grant: string): string {
  const event = JSON.parse(grant) as AuditEvent;
  const refusal = { decision: "refused", reason: "assertion_replayed", check: "single_use" } as const;
  return serializeAuditEvent({ ...event, ...NOTHING_GRANTED, ...refusal });
}
