-- The searchable index of recent decisions. The archive in R2 is the record; this can be rebuilt from it.
DROP TABLE audit_event;

-- One row an event, in the order of time, and no index beside it that would cost a written row each: what a search asks
-- for is found by audit_term. The columns are read out of the event when they are asked for.
CREATE TABLE audit_event (
  place INTEGER PRIMARY KEY,
  shard TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  event TEXT NOT NULL,
  id TEXT AS (event ->> 'id') VIRTUAL,
  time TEXT AS (event ->> 'time') VIRTUAL,
  type TEXT AS (event ->> 'type') VIRTUAL,
  decision TEXT AS (event ->> 'decision') VIRTUAL,
  reason TEXT AS (event ->> 'reason') VIRTUAL,
  correlation_id TEXT AS (event ->> 'correlation_id') VIRTUAL,
  organization TEXT AS (event ->> 'organization') VIRTUAL,
  issuer TEXT AS (event ->> 'issuer') VIRTUAL,
  subject TEXT AS (event ->> 'subject') VIRTUAL,
  client_id TEXT AS (event ->> 'client_id') VIRTUAL,
  resource TEXT AS (event ->> 'resource') VIRTUAL,
  target TEXT AS (event ->> 'target') VIRTUAL,
  token_id TEXT AS (event ->> 'token_id') VIRTUAL
);

-- Every word of every event, and in which member it stands. Contentless: it holds no second copy of anything.
CREATE VIRTUAL TABLE audit_term USING fts5(
  organization, issuer, subject, actor, client_id, resource, method, target, decision, reason, type, names, other,
  content = '', columnsize = 0, tokenize = "unicode61 remove_diacritics 0 tokenchars '-_'"
);

CREATE TRIGGER audit_event_added AFTER INSERT ON audit_event BEGIN
  INSERT INTO audit_term (
    rowid, organization, issuer, subject, actor, client_id, resource, method, target, decision, reason, type, names, other
  ) VALUES (
    new.place, new.event ->> 'organization', new.event ->> 'issuer', new.event ->> 'subject',
    concat_ws(' ', new.event ->> 'actor', new.event ->> 'admin'), new.event ->> 'client_id', new.event ->> 'resource',
    new.event ->> 'method', new.event ->> 'target', new.event ->> 'decision', new.event ->> 'reason', new.event ->> 'type',
    concat_ws(' ', new.event ->> 'id', new.event ->> 'correlation_id', new.event ->> 'trace_id', new.event ->> 'token_id',
      new.event ->> 'principal', new.event ->> 'assertion_hash', new.event ->> 'key_id'),
    concat_ws(' ', new.event ->> 'action', new.event ->> 'tenant', new.event ->> 'scope_granted',
      new.event ->> 'policy_rules', new.event ->> 'document_key')
  );
END;

-- A contentless index forgets only what it is told again, word for word.
CREATE TRIGGER audit_event_removed AFTER DELETE ON audit_event BEGIN
  INSERT INTO audit_term (
    audit_term,
    rowid, organization, issuer, subject, actor, client_id, resource, method, target, decision, reason, type, names, other
  ) VALUES (
    'delete',
    old.place, old.event ->> 'organization', old.event ->> 'issuer', old.event ->> 'subject',
    concat_ws(' ', old.event ->> 'actor', old.event ->> 'admin'), old.event ->> 'client_id', old.event ->> 'resource',
    old.event ->> 'method', old.event ->> 'target', old.event ->> 'decision', old.event ->> 'reason', old.event ->> 'type',
    concat_ws(' ', old.event ->> 'id', old.event ->> 'correlation_id', old.event ->> 'trace_id', old.event ->> 'token_id',
      old.event ->> 'principal', old.event ->> 'assertion_hash', old.event ->> 'key_id'),
    concat_ws(' ', old.event ->> 'action', old.event ->> 'tenant', old.event ->> 'scope_granted',
      old.event ->> 'policy_rules', old.event ->> 'document_key')
  );
END;

-- Which batches the index has whole, for whoever compares it with the archive.
CREATE TABLE audit_batch (
  shard TEXT NOT NULL,
  last_sequence INTEGER NOT NULL,
  first_sequence INTEGER NOT NULL,
  hash TEXT NOT NULL,
  events INTEGER NOT NULL,
  PRIMARY KEY (shard, last_sequence, hash)
) WITHOUT ROWID;
