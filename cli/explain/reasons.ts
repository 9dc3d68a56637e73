import type { Reason } from "../../src/audit/reason.ts";
import { ADMIN_REASONS } from "./admin-reasons.ts";
import { CONNECT_REASONS } from "./connect-reasons.ts";
import { GATEWAY_REASONS } from "./gateway-reasons.ts";
import { OUTAGE_REASONS } from "./outage-reasons.ts";
import { REDEMPTION_REASONS } from "./redemption-reasons.ts";
import { TOKEN_REQUEST_REASONS } from "./token-request-reasons.ts";

/** What happened, and what mends it: a sentence each. */
export type ReasonWords = readonly [meaning: string, fix: string];

/** Exhaustive: a new reason does not compile until somebody has said what it means and what to do. */
const REASONS: Record<Reason, ReasonWords> = {
  ...TOKEN_REQUEST_REASONS,
  ...REDEMPTION_REASONS,
  ...GATEWAY_REASONS,
  ...CONNECT_REASONS,
  ...ADMIN_REASONS,
  ...OUTAGE_REASONS,
  introspection_not_allowed: [
    "A client asked about a token for a server that does not let it ask; it heard active: false.",
    "If it is that server's own, name it in introspection.clients of the resource: document.",
  ],
};

export function describeReason(reason: Reason): { readonly meaning: string; readonly fix: string } {
  const [meaning, fix] = REASONS[reason];
  return { meaning, fix };
}

/** Records outlive the code that wrote them. */
export function isReason(text: string): text is Reason {
  return Object.hasOwn(REASONS, text);
}
