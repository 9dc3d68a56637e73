import { LIMITS } from "../src/limits.ts";

/** Who gives a fence. What an operator gives has a reserve that nobody else can use up. */
export type Giver = "operator" | "client" | `idp:${string}`;

/** How much of the registry is taken, in all and by each identity provider: kept by every write, and never counted anew. */
export class RegistryRoom {
  readonly #sql: SqlStorage;

  /** After the fences have their table. */
  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec("CREATE TABLE IF NOT EXISTS room (giver TEXT PRIMARY KEY, used INTEGER NOT NULL) WITHOUT ROWID");
    sql.exec(`INSERT OR IGNORE INTO room (giver, used)
      SELECT 'all', COUNT(*) FROM fence WHERE NOT EXISTS (SELECT 1 FROM room WHERE giver = 'all')`);
  }

  /** To be called in a transaction, with names that are new: one that is known takes no room. @returns whether it fits. */
  take(names: readonly string[], giver: Giver): boolean {
    const needed = sizeOf(names);
    if (needed === 0) return true;
    if (this.#used("all") + needed > (giver === "operator" ? LIMITS.fences : LIMITS.fencesBeforeReserve)) return false;
    if (isIdp(giver)) {
      if (this.#used(giver) + needed > LIMITS.fencesPerIssuer) return false;
      this.#add(giver, needed);
    }
    this.#add("all", needed);
    return true;
  }

  /** Of fences that have expired. Those of a provider's signals never do, so that its own share only grows. */
  release(names: readonly string[]): void {
    if (names.length > 0) this.#add("all", -sizeOf(names));
  }

  #used(giver: Giver | "all"): number {
    const [row] = this.#sql.exec<{ used: number }>("SELECT used FROM room WHERE giver = ?", giver);
    return row?.used ?? 0;
  }

  #add(giver: Giver | "all", size: number): void {
    const used = Math.max(0, this.#used(giver) + size);
    this.#sql.exec("INSERT OR REPLACE INTO room (giver, used) VALUES (?, ?)", giver, used);
  }
}

/** A long name takes the room of several: each is held in the memory of every isolate. */
function sizeOf(names: readonly string[]): number {
  return names.reduce((size, name) => size + Math.ceil(name.length / LIMITS.fenceNameCharacters), 0);
}

function isIdp(giver: Giver): giver is `idp:${string}` {
  return giver.startsWith("idp:");
}
