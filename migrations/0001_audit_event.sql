-- The searchable index of recent decisions. The archive in R2 is the record; this can be rebuilt from it.
CREATE TABLE audit_event (
  id TEXT PRIMARY KEY,
  time TEXT NOT NULL,
  shard TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  type TEXT NOT NULL,
  decision TEXT NOT NULL,
  reason TEXT,
  correlation_id TEXT NOT NULL,
  organization TEXT,
  issuer TEXT,
  subject TEXT,
  principal TEXT,
  client_id TEXT,
  resource TEXT,
  method TEXT,
  target TEXT,
  token_id TEXT,
  event TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX audit_event_by_time ON audit_event (organization, time);
CREATE INDEX audit_event_by_correlation ON audit_event (correlation_id);
