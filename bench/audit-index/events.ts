import { type AuditEvent, makeAuditEvent } from "../../src/audit/audit-event.ts";

/** A deployment of some size, and a quarter of a year of it. */
const THERE_ARE = { organizations: 20, clients: 40, servers: 25, people: 20_000, tools: 200, days: 90 } as const;
const DAY_MILLISECONDS = 86_400_000;
const REASONS = ["policy_denied", "policy_no_rule", "assertion_expired", "assertion_replayed", "scope_empty"];

/** The same events each time: a number for each, from the number of the event and a salt (a mix as in MurmurHash3). */
function pick(at: number, salt: number, choices: number): number {
  let mixed = Math.imul(at ^ Math.imul(salt, 0x9e3779b1), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) % choices;
}

/** The event number `at` of so many, spread over the days that the index keeps. */
export function madeEvent(at: number, events: number, endMilliseconds: number): AuditEvent {
  const person = pick(at, 1, THERE_ARE.people);
  const receivedAtMilliseconds = Math.floor(endMilliseconds - (1 - at / events) * THERE_ARE.days * DAY_MILLISECONDS);
  const correlationId = `c0de${String(at).padStart(12, "0")}`;
  const isCall = pick(at, 2, 5) > 0;
  const refused = pick(at, 3, 20) === 0;
  const server = pick(at, 4, THERE_ARE.servers);
  const trace = { correlationId, traceId: null, receivedAtMilliseconds, ray: null, colo: "ARN" };
  return makeAuditEvent(`event-${at}`, trace, {
    type: isCall ? "gateway_call" : "redemption",
    decision: refused ? "refused" : "granted",
    reason: refused ? (REASONS[pick(at, 5, REASONS.length)] ?? null) : null,
    // A person belongs to one organization.
    organization: `organization-${person % THERE_ARE.organizations}`,
    issuer: `https://idp-${person % THERE_ARE.organizations}.example.com`,
    subject: `person-${person}`,
    principal: `usr_${person}`,
    client_id: `agent-${pick(at, 6, THERE_ARE.clients)}`,
    resource: `https://mcp.example.com/server-${server}`,
    scope_granted: refused ? null : "tools:read tools:call",
    policy_rules: refused ? [] : [`rule-${pick(at, 7, 10)}`],
    policy_revision: `revision-${Math.floor((at / events) * 12)}`,
    token_id: `token-${Math.floor(at / 5)}`,
    ...(isCall
      ? { method: "tools/call", target: `tool-${pick(at, 8, THERE_ARE.tools)}`, upstream_status: refused ? null : 200 }
      : {}),
  });
}
