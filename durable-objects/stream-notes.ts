import { LIMITS } from "../src/limits.ts";
import type { IssuerNote, StreamNote } from "../src/revocation/stream-note.ts";

/** Of each provider's stream the latest note of each kind; an older one that comes late changes nothing. */
export class StreamNotes {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(`CREATE TABLE IF NOT EXISTS stream_note
      (issuer TEXT, kind TEXT, at INTEGER NOT NULL, note TEXT NOT NULL, PRIMARY KEY (issuer, kind)) WITHOUT ROWID`);
  }

  put({ issuer, note }: IssuerNote): void {
    this.#sql.exec(
      `INSERT INTO stream_note (issuer, kind, at, note) VALUES (?1, ?2, ?3, ?4)
       ON CONFLICT (issuer, kind) DO UPDATE SET at = ?3, note = ?4 WHERE at <= ?3`,
      issuer,
      note.kind,
      note.atMilliseconds,
      JSON.stringify(note),
    );
    this.#sql.exec(
      "DELETE FROM stream_note WHERE (issuer, kind) IN (SELECT issuer, kind FROM stream_note ORDER BY at DESC LIMIT -1 OFFSET ?)",
      LIMITS.streamNotes,
    );
  }

  list(): readonly IssuerNote[] {
    const rows = this.#sql.exec<{ issuer: string; note: string }>(
      "SELECT issuer, note FROM stream_note ORDER BY issuer",
    );
    return [...rows].map(({ issuer, note }) => ({ issuer, note: JSON.parse(note) as StreamNote }));
  }
}
