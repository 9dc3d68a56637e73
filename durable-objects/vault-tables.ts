import type { Envelope } from "../src/vault/envelope.ts";

const TABLES = [
  `CREATE TABLE IF NOT EXISTS record (kind TEXT, id TEXT, upstream TEXT NOT NULL, version INTEGER NOT NULL,
     created_at INTEGER NOT NULL, changed_at INTEGER NOT NULL, used_at INTEGER, PRIMARY KEY (kind, id)) WITHOUT ROWID`,
  // Apart from the record, whose version it must fit.
  `CREATE TABLE IF NOT EXISTS envelope (kind TEXT, id TEXT, kid TEXT NOT NULL, wrapped_key BLOB NOT NULL,
     iv BLOB NOT NULL, ciphertext BLOB NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID`,
  // Why it could not be used the last time, until it can.
  `CREATE TABLE IF NOT EXISTS record_failure (kind TEXT, id TEXT, reason TEXT NOT NULL, failed_at INTEGER NOT NULL,
     PRIMARY KEY (kind, id)) WITHOUT ROWID`,
  // Beside the envelope, so that what has been revoked is forgotten also while nothing can be opened.
  "CREATE TABLE IF NOT EXISTS sign_in (kind TEXT, id TEXT, at INTEGER NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID",
];

export interface RecordName {
  readonly kind: string;
  readonly id: string;
}

/** What is known of a record without opening it. */
export interface RecordDescription extends RecordName {
  readonly upstream: string;
  readonly version: number;
  readonly kid: string;
  readonly createdAtMilliseconds: number;
  readonly changedAtMilliseconds: number;
  readonly usedAtMilliseconds: number | null;
}

export interface RecordFailure {
  readonly reason: string;
  readonly atMilliseconds: number;
}

export interface RecordToStore extends RecordName, Pick<RecordDescription, "upstream" | "version"> {
  /** null for what rests on nobody's sign-in. */
  readonly signedInAtMilliseconds: number | null;
}

export interface StoredRecord extends RecordDescription {
  readonly envelope: Envelope;
}

type Row = {
  kind: string;
  id: string;
  upstream: string;
  version: number;
  created_at: number;
  changed_at: number;
  used_at: number | null;
  kid: string;
};
type EnvelopeRow = { wrapped_key: ArrayBuffer; iv: ArrayBuffer; ciphertext: ArrayBuffer };

const DESCRIBED = "kind, id, upstream, version, created_at, changed_at, used_at, kid";
const WHOLE = `SELECT ${DESCRIBED}, wrapped_key, iv, ciphertext FROM record JOIN envelope USING (kind, id)`;

/** A vault's storage: envelopes, and what may be known without opening them. */
export class VaultTables {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#sql = storage.sql;
    for (const statement of TABLES) this.#sql.exec(statement);
  }

  find({ kind, id }: RecordName): StoredRecord | null {
    const [row] = this.#sql.exec<Row & EnvelopeRow>(`${WHOLE} WHERE kind = ? AND id = ?`, kind, id);
    return row === undefined ? null : readStored(row);
  }

  /** By id, in the order of bytes, after this one. */
  list(kind: string, after: string, limit: number): RecordDescription[] {
    const query = `SELECT ${DESCRIBED} FROM record JOIN envelope USING (kind, id) WHERE kind = ? AND id > ? ORDER BY id LIMIT ?`;
    return [...this.#sql.exec<Row>(query, kind, after, limit)].map((row) => readDescription(row));
  }

  count(kind: string): number {
    return this.#sql.exec<{ count: number }>("SELECT COUNT(*) AS count FROM record WHERE kind = ?", kind).one().count;
  }

  put({ kind, id, upstream, version, signedInAtMilliseconds }: RecordToStore, envelope: Envelope): void {
    const now = Date.now();
    const { kid, wrappedKey, iv, ciphertext } = envelope;
    this.#storage.transactionSync(() => {
      this.#sql.exec(
        `INSERT INTO record (kind, id, upstream, version, created_at, changed_at) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (kind, id) DO UPDATE SET upstream = excluded.upstream, version = excluded.version, changed_at = excluded.changed_at`,
        kind,
        id,
        upstream,
        version,
        now,
        now,
      );
      this.#sql.exec(
        "INSERT OR REPLACE INTO envelope (kind, id, kid, wrapped_key, iv, ciphertext) VALUES (?, ?, ?, ?, ?, ?)",
        kind,
        id,
        kid,
        wrappedKey,
        iv,
        ciphertext,
      );
      if (signedInAtMilliseconds === null) return;
      this.#sql.exec(
        "INSERT OR REPLACE INTO sign_in (kind, id, at) VALUES (?, ?, ?)",
        kind,
        id,
        signedInAtMilliseconds,
      );
    });
  }

  /** Of a kind, those that rest on a sign-in until then; one of which nobody knows counts as old. */
  listSignedIn(kind: string, throughMilliseconds: number): RecordName[] {
    const query = `SELECT kind, id FROM record LEFT JOIN sign_in USING (kind, id)
      WHERE kind = ? AND COALESCE(at, 0) <= ? ORDER BY id`;
    return [...this.#sql.exec<{ kind: string; id: string }>(query, kind, throughMilliseconds)];
  }

  remove({ kind, id }: RecordName): boolean {
    return this.#storage.transactionSync(() => {
      for (const table of ["envelope", "record_failure", "sign_in"]) {
        this.#sql.exec(`DELETE FROM ${table} WHERE kind = ? AND id = ?`, kind, id);
      }
      return this.#sql.exec("DELETE FROM record WHERE kind = ? AND id = ?", kind, id).rowsWritten > 0;
    });
  }

  markUsed({ kind, id }: RecordName, nowMilliseconds: number): void {
    this.#sql.exec("UPDATE record SET used_at = ? WHERE kind = ? AND id = ?", nowMilliseconds, kind, id);
  }

  /** It could be used, and was. */
  noteUse({ kind, id }: RecordName, nowMilliseconds: number, notSinceMilliseconds: number): void {
    const statement = "UPDATE record SET used_at = ? WHERE kind = ? AND id = ? AND COALESCE(used_at, 0) <= ?";
    this.#sql.exec(statement, nowMilliseconds, kind, id, notSinceMilliseconds);
    this.#sql.exec("DELETE FROM record_failure WHERE kind = ? AND id = ?", kind, id);
  }

  /** Of a record that there is: what is forgotten leaves nothing behind. */
  noteFailure({ kind, id }: RecordName, { reason, atMilliseconds }: RecordFailure): void {
    this.#sql.exec(
      `INSERT OR REPLACE INTO record_failure (kind, id, reason, failed_at)
       SELECT kind, id, ?, ? FROM record WHERE kind = ? AND id = ?`,
      reason,
      atMilliseconds,
      kind,
      id,
    );
  }

  findFailure({ kind, id }: RecordName): RecordFailure | null {
    const query = "SELECT reason, failed_at FROM record_failure WHERE kind = ? AND id = ?";
    const [row] = this.#sql.exec<{ reason: string; failed_at: number }>(query, kind, id);
    return row === undefined ? null : { reason: row.reason, atMilliseconds: row.failed_at };
  }

  /** Records that are under another key-encryption key than this one, after `after`. */
  listNotUnder(kid: string, after: RecordName, limit: number): StoredRecord[] {
    const query = `${WHOLE} WHERE kid <> ? AND (kind, id) > (?, ?) ORDER BY kind, id LIMIT ?`;
    const rows = this.#sql.exec<Row & EnvelopeRow>(query, kid, after.kind, after.id, limit);
    return [...rows].map((row) => readStored(row));
  }

  /** Unless the record has been written anew meanwhile. */
  rewrap({ kind, id, envelope }: StoredRecord, { kid, wrappedKey }: Envelope): boolean {
    const statement = "UPDATE envelope SET kid = ?, wrapped_key = ? WHERE kind = ? AND id = ? AND wrapped_key = ?";
    return this.#sql.exec(statement, kid, wrappedKey, kind, id, envelope.wrappedKey).rowsWritten > 0;
  }

  countByKey(): ReadonlyMap<string, number> {
    const rows = this.#sql.exec<{ kid: string; count: number }>(
      "SELECT kid, COUNT(*) AS count FROM envelope GROUP BY kid ORDER BY kid",
    );
    return new Map([...rows].map(({ kid, count }) => [kid, count]));
  }
}

function readDescription(row: Row): RecordDescription {
  const { kind, id, upstream, version, kid, created_at, changed_at, used_at } = row;
  return {
    kind,
    id,
    upstream,
    version,
    kid,
    createdAtMilliseconds: created_at,
    changedAtMilliseconds: changed_at,
    usedAtMilliseconds: used_at,
  };
}

function readStored(row: Row & EnvelopeRow): StoredRecord {
  const { kid, wrapped_key: wrappedKey, iv, ciphertext } = row;
  return { ...readDescription(row), envelope: { kid, wrappedKey, iv, ciphertext } };
}
