import { type PeoplePage, type PeopleQuery, readPeople } from "../../src/audit/connection-people.ts";
import { type ConnectionPage, type InventoryQuery, readInventory } from "../../src/audit/inventory.ts";
import { earliestPlace } from "../../src/audit/place.ts";
import { type FoundRecord, type Search, searchRecords } from "../../src/audit/search-records.ts";
import type { Ask } from "../../src/audit/statement.ts";
import { spellStatement } from "./spell-statement.ts";
import type { Row } from "./trust-backend.ts";

/** What the index of records says, asked in the words of a command and not of a database. */
export interface AuditReader {
  /** Serialized records of one request, in the order of time. @throws AuditIndexMissing */
  findRecords(correlationId: string): Promise<readonly string[]>;
  /** @throws AuditIndexMissing */
  readActivity(nowMilliseconds: number): Promise<AuditActivity>;
  /** A page, newest first. @throws AuditIndexMissing, SearchInvalid */
  search(search: Search): Promise<readonly FoundRecord[]>;
  /** @throws AuditIndexMissing */
  readInventory(query: InventoryQuery): Promise<ConnectionPage>;
  /** @throws AuditIndexMissing */
  readPeople(query: PeopleQuery): Promise<PeoplePage>;
}

export interface AuditActivity {
  /** When the newest event happened that has arrived in the index. */
  readonly last_event: string | null;
  /** Counts of the last hour, by decision. */
  readonly last_hour: Readonly<Record<string, number>>;
}

const HOUR_MILLISECONDS = 3_600_000;
const MOST_RECORDS = 20;

/** Over a database that takes statements as text, which is all that wrangler offers. */
export class SqlAuditReader implements AuditReader {
  readonly #query: (sql: string) => Promise<readonly Row[]>;
  readonly #ask: Ask;

  constructor(query: (sql: string) => Promise<readonly Row[]>) {
    this.#query = query;
    this.#ask = (statement) => query(spellStatement(statement));
  }

  search(search: Search): Promise<readonly FoundRecord[]> {
    return searchRecords(this.#ask, search);
  }

  readInventory(query: InventoryQuery): Promise<ConnectionPage> {
    return readInventory(this.#ask, query);
  }

  readPeople(query: PeopleQuery): Promise<PeoplePage> {
    return readPeople(this.#ask, query);
  }

  /** @param correlationId letters, digits and dashes, which the caller has seen to: it goes into a statement */
  async findRecords(correlationId: string): Promise<readonly string[]> {
    const rows = await this.#query(
      `SELECT event FROM audit_event WHERE place IN (SELECT rowid FROM audit_term WHERE audit_term MATCH 'names : "${correlationId}"') AND correlation_id = '${correlationId}' ORDER BY place LIMIT ${MOST_RECORDS}`,
    );
    return rows.map(({ event }) => String(event));
  }

  async readActivity(nowMilliseconds: number): Promise<AuditActivity> {
    const since = earliestPlace(nowMilliseconds - HOUR_MILLISECONDS);
    const [newest] = await this.#query("SELECT time FROM audit_event ORDER BY place DESC LIMIT 1");
    const counted = await this.#query(
      `SELECT decision, count(*) AS events FROM audit_event WHERE place >= ${since} GROUP BY decision ORDER BY decision`,
    );
    return { last_event: textOrNull(newest?.["time"]), last_hour: Object.fromEntries(counted.map(countOf)) };
  }
}

function countOf({ decision, events }: Row): [string, number] {
  return [String(decision), Number(events)];
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
