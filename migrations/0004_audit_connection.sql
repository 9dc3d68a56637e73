-- Which client reached which server for which organization: what an inventory lists, and a review of access adds up. Made
-- beside the events, a row a connection and day and not a row an event, and forgotten with them.
CREATE TABLE audit_connection (
  id INTEGER PRIMARY KEY,
  organization TEXT NOT NULL,
  client_id TEXT NOT NULL,
  resource TEXT NOT NULL,
  -- Of what was granted; null where nothing was.
  first_use TEXT,
  last_use TEXT,
  UNIQUE (organization, client_id, resource)
);
CREATE INDEX audit_connection_by_client ON audit_connection (client_id);
CREATE INDEX audit_connection_by_resource ON audit_connection (resource);

CREATE TABLE audit_connection_day (
  connection INTEGER NOT NULL,
  day TEXT NOT NULL,
  type TEXT NOT NULL,
  decision TEXT NOT NULL,
  events INTEGER NOT NULL,
  PRIMARY KEY (connection, day, type, decision)
) WITHOUT ROWID;

-- By which rules of which policy, for which scope.
CREATE TABLE audit_connection_approval (
  connection INTEGER NOT NULL,
  day TEXT NOT NULL,
  policy_revision TEXT NOT NULL,
  policy_rules TEXT NOT NULL,
  scope TEXT NOT NULL,
  PRIMARY KEY (connection, day, policy_revision, policy_rules, scope)
) WITHOUT ROWID;

-- For whom. Names are in the event at that place and nowhere else.
CREATE TABLE audit_connection_person (
  connection INTEGER NOT NULL,
  day TEXT NOT NULL,
  principal TEXT NOT NULL,
  place INTEGER NOT NULL,
  PRIMARY KEY (connection, day, principal)
) WITHOUT ROWID;

-- What is in the index already.
INSERT INTO audit_connection (organization, client_id, resource, first_use, last_use)
SELECT organization, client_id, resource,
  min(CASE WHEN decision = 'granted' THEN time END), max(CASE WHEN decision = 'granted' THEN time END)
FROM audit_event
WHERE type IN ('redemption', 'gateway_call')
  AND organization IS NOT NULL AND client_id IS NOT NULL AND resource IS NOT NULL
GROUP BY organization, client_id, resource;

INSERT INTO audit_connection_day (connection, day, type, decision, events)
SELECT c.id, substr(e.time, 1, 10), e.type, e.decision, count(*)
FROM audit_event e JOIN audit_connection c USING (organization, client_id, resource)
WHERE e.type IN ('redemption', 'gateway_call')
GROUP BY 1, 2, 3, 4;

INSERT INTO audit_connection_approval (connection, day, policy_revision, policy_rules, scope)
SELECT DISTINCT c.id, substr(e.time, 1, 10), e.event ->> 'policy_revision', coalesce(e.event ->> 'policy_rules', '[]'),
  coalesce(e.event ->> 'scope_granted', '')
FROM audit_event e JOIN audit_connection c USING (organization, client_id, resource)
WHERE e.type IN ('redemption', 'gateway_call') AND e.decision = 'granted' AND e.event ->> 'policy_revision' IS NOT NULL;

INSERT INTO audit_connection_person (connection, day, principal, place)
SELECT c.id, substr(e.time, 1, 10), e.event ->> 'principal', min(e.place)
FROM audit_event e JOIN audit_connection c USING (organization, client_id, resource)
WHERE e.type IN ('redemption', 'gateway_call') AND e.decision = 'granted' AND e.event ->> 'principal' IS NOT NULL
GROUP BY 1, 2, 3;
