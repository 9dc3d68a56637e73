/**
 * What there is a record of, and what may have been done in each. Closed: a sink, a search and a report know them all.
 * A type without actions is itself the deed.
 */
const ACTIONS_OF = {
  redemption: [],
  gateway_call: [],
  introspection: [],
  connection: [],
  configuration: ["created", "changed", "removed", "invalid"],
  key_set: ["fetched", "rotated", "failed"],
  revocation: ["revoked", "lifted"],
  signal_stream: ["verified", "updated"],
  admin_action: ["read", "created", "changed", "removed", "exported", "approved", "denied"],
  key_rotation: ["created", "rotated", "retired"],
  tool_definition: ["changed", "unapproved", "missing"],
  approval: ["asked", "approved", "denied", "expired", "consumed"],
} as const;

export type AuditType = keyof typeof ACTIONS_OF;
export type AuditAction = (typeof ACTIONS_OF)[AuditType][number];

export const AUDIT_TYPES = Object.keys(ACTIONS_OF) as [AuditType, ...AuditType[]];
export const AUDIT_ACTIONS = [...new Set(Object.values(ACTIONS_OF).flat())] as [AuditAction, ...AuditAction[]];

export function isActionOf(type: AuditType, action: AuditAction | null): boolean {
  const actions: readonly AuditAction[] = ACTIONS_OF[type];
  return action === null ? actions.length === 0 : actions.includes(action);
}
