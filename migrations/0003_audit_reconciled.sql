-- How far the archive of each chain was compared with the index.
CREATE TABLE audit_reconciled (
  shard TEXT PRIMARY KEY,
  through_sequence INTEGER NOT NULL
) WITHOUT ROWID;
