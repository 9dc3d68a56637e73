import { type AuditEvent, makeAuditEvent } from "../../src/audit/audit-event.ts";

/** A deployment of some size, and a quarter of a year of it. */
const ORGANIZATIONS = 20;
const CLIENTS = 40;
const SERVERS = 25;
const PEOPLE = 20_000;
const TOOLS = 200;
const DAYS = 90;
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
  const person = pick(at, 1, PEOPLE);
  const receivedAtMilliseconds = Math.floor(endMilliseconds - (1 - at / events) * DAYS * DAY_MILLISECONDS);
  const correlationId = `c0de${String(at).padStart(12, "0")}`;
  const isCall = pick(at, 2, 5) > 0;
  const refused = pick(at, 3, 20) === 0;
  const server = pick(at, 4, SERVERS);
  const trace = { correlationId, traceId: null, receivedAtMilliseconds, ray: null, colo: "ARN" };
  return makeAuditEvent(`event-${at}`, trace, {
    type: isCall ? "gateway_call" : "redemption",
    decision: refused ? "refused" : "granted",
    reason: refused ? (REASONS[pick(at, 5, REASONS.length)] ?? null) : null,
    // A person belongs to one organization.
    organization: `organization-${person % ORGANIZATIONS}`,
    issuer: `https://idp-${person % ORGANIZATIONS}.example.com`,
    subject: `person-${person}`,
    principal: `usr_${person}`,
    client_id: `agent-${pick(at, 6, CLIENTS)}`,
    resource: `https://mcp.example.com/server-${server}`,
    scope_granted: refused ? null : "tools:read tools:call",
    policy_rules: refused ? [] : [`rule-${pick(at, 7, 10)}`],
    policy_revision: `revision-${Math.floor((at / events) * 12)}`,
    token_id: `token-${Math.floor(at / 5)}`,
    ...(isCall
      ? { method: "tools/call", target: `tool-${pick(at, 8, TOOLS)}`, upstream_status: refused ? null : 200 }
      : {}),
  });
}
