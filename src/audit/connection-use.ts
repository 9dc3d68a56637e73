import type { AuditEvent } from "./audit-event.ts";
import type { IndexStore } from "./audit-index.ts";

/** What one event says of a connection: a client at a server, for an organization. */
interface Use {
  readonly place: string;
  readonly organization: string;
  readonly client_id: string;
  readonly resource: string;
  readonly time: string;
  readonly type: string;
  readonly decision: string;
  readonly principal: string | null;
  readonly policy_revision: string | null;
  readonly policy_rules: string;
  readonly scope: string;
}

/** @returns null for an event that is about no connection */
export function useOf(event: AuditEvent, place: string): Use | null {
  const { organization, client_id, resource, time, type, decision, principal, policy_revision } = event;
  if (type !== "redemption" && type !== "gateway_call") return null;
  if (organization === null || client_id === null || resource === null) return null;
  const approval = {
    policy_revision,
    policy_rules: JSON.stringify(event.policy_rules),
    scope: event.scope_granted ?? "",
  };
  return { place, organization, client_id, resource, time, type, decision, principal, ...approval };
}

/**
 * Adds up what these events say. A few rows a batch, however many events it has. To be run before the events are written
 * and in the same transaction: an event that is there already has been counted.
 */
export function useStatements(index: IndexStore, uses: readonly Use[]): ReturnType<IndexStore["prepare"]>[] {
  if (uses.length === 0) return [];
  const arrived = JSON.stringify(uses);
  return [CONNECTIONS, COUNTS, APPROVALS, PEOPLE].map((sql) => index.prepare(sql).bind(arrived));
}

const USES = `
  WITH one AS (
    SELECT CAST(value ->> 'place' AS INTEGER) AS place, value ->> 'organization' AS organization,
      value ->> 'client_id' AS client_id, value ->> 'resource' AS resource, value ->> 'time' AS time,
      substr(value ->> 'time', 1, 10) AS day, value ->> 'type' AS type, value ->> 'decision' AS decision,
      value ->> 'principal' AS principal, value ->> 'policy_revision' AS policy_revision,
      value ->> 'policy_rules' AS policy_rules, value ->> 'scope' AS scope
    FROM json_each(?1))`;
const OF_CONNECTION = "FROM one JOIN audit_connection c USING (organization, client_id, resource)";

const CONNECTIONS = `${USES}
  INSERT INTO audit_connection (organization, client_id, resource, first_use, last_use)
  SELECT organization, client_id, resource,
    min(CASE WHEN decision = 'granted' THEN time END), max(CASE WHEN decision = 'granted' THEN time END)
  FROM one WHERE true GROUP BY organization, client_id, resource
  ON CONFLICT DO UPDATE SET
    first_use = min(coalesce(first_use, excluded.first_use), excluded.first_use),
    last_use = max(coalesce(last_use, excluded.last_use), excluded.last_use)
  WHERE excluded.last_use > coalesce(last_use, '') OR excluded.first_use < first_use`;

const COUNTS = `${USES}
  INSERT INTO audit_connection_day (connection, day, type, decision, events)
  SELECT c.id, day, type, decision, count(*) ${OF_CONNECTION}
  WHERE NOT EXISTS (SELECT 1 FROM audit_event e WHERE e.place = one.place)
  GROUP BY 1, 2, 3, 4
  ON CONFLICT DO UPDATE SET events = events + excluded.events`;

const APPROVALS = `${USES}
  INSERT OR IGNORE INTO audit_connection_approval (connection, day, policy_revision, policy_rules, scope)
  SELECT DISTINCT c.id, day, policy_revision, policy_rules, scope ${OF_CONNECTION}
  WHERE decision = 'granted' AND policy_revision IS NOT NULL`;

const PEOPLE = `${USES}
  INSERT OR IGNORE INTO audit_connection_person (connection, day, principal, place)
  SELECT c.id, day, principal, min(place) ${OF_CONNECTION}
  WHERE decision = 'granted' AND principal IS NOT NULL
  GROUP BY 1, 2, 3`;
