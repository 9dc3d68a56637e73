import { earliestPlace } from "../../src/audit/place.ts";
import { UsageError } from "../command-error.ts";

/** What a search may ask for, by the members of an event that `migrations/0002_audit_index.sql` indexes. */
export const SEARCH_MEMBERS = {
  organization: "organization",
  subject: "subject",
  client: "client_id",
  resource: "resource",
  tool: "target",
  decision: "decision",
  reason: "reason",
  type: "type",
  issuer: "issuer",
} as const;

export type SearchMember = keyof typeof SEARCH_MEMBERS;

export interface Search {
  readonly members: Readonly<Partial<Record<SearchMember, string>>>;
  /** Words that stand anywhere in the event; one that ends in * is the beginning of a word. */
  readonly text: string | null;
  readonly fromMilliseconds: number | null;
  readonly toMilliseconds: number | null;
  /** The place that the page before ended with. */
  readonly before: string | null;
  readonly limit: number;
}

/**
 * One statement, newest first, answered from audit_term: by the words of the index and not by reading events. What the
 * index finds by words is then compared exactly. @throws UsageError
 */
export function searchQuery(search: Search): string {
  const words = matchOf(search);
  const exact = Object.entries(search.members).map(
    ([member, value]) => `e.event ->> '${SEARCH_MEMBERS[member as SearchMember]}' = ${quote(value)}`,
  );
  const places = placesOf(search).map((condition) => `place ${condition}`);
  if (words === null)
    return select(
      "audit_event e",
      places.map((condition) => `e.${condition}`),
      search.limit,
    );
  const found = ["audit_term MATCH " + quote(words), ...places.map((each) => each.replace("place", "t.rowid"))];
  return select(
    "audit_term t CROSS JOIN audit_event e ON e.place = t.rowid",
    [...found, ...exact],
    search.limit,
    "t.rowid",
  );
}

function select(from: string, conditions: readonly string[], limit: number, order = "e.place"): string {
  const where = conditions.length === 0 ? "" : ` WHERE ${conditions.join(" AND ")}`;
  return `SELECT CAST(e.place AS TEXT) AS place, e.event AS event FROM ${from}${where} ORDER BY ${order} DESC LIMIT ${limit}`;
}

/** In FTS5's own terms: every member as a phrase in its column, every word of the text anywhere. */
function matchOf({ members, text }: Search): string | null {
  const phrases = Object.entries(members).map(
    ([member, value]) => `${SEARCH_MEMBERS[member as SearchMember]} : ${phrase(value)}`,
  );
  const words = (text ?? "").split(/\s+/).filter(holdsWord);
  if (text !== null && words.length === 0) throw new UsageError(`"${text}" holds no word to search for.`);
  const anywhere = words.map((word) => (word.endsWith("*") ? `${phrase(word.slice(0, -1))} *` : phrase(word)));
  const all = [...phrases, ...anywhere];
  return all.length === 0 ? null : all.join(" AND ");
}

/** Of signs alone the index has no word, and a search for none would find everything or fail. */
function holdsWord(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text);
}

function phrase(text: string): string {
  if (!holdsWord(text)) throw new UsageError(`"${text}" holds no word to search for.`);
  return `"${text.replaceAll('"', '""')}"`;
}

function placesOf({ fromMilliseconds: from, toMilliseconds: to, before }: Search): readonly string[] {
  if (before !== null && !/^\d{1,19}$/.test(before))
    throw new UsageError(`"${before}" is no place: copy it from the page before.`);
  return [
    ...(from === null ? [] : [`>= ${earliestPlace(from)}`]),
    ...(to === null ? [] : [`< ${earliestPlace(to)}`]),
    ...(before === null ? [] : [`< ${before}`]),
  ];
}

/** As a text of SQL: what wrangler executes has no parameters. */
function quote(text: string): string {
  if (text.includes("\u0000")) throw new UsageError("A search holds no NUL.");
  return `'${text.replaceAll("'", "''")}'`;
}
