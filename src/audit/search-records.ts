import { earliestPlace } from "./place.ts";
import { type Ask, Conditions, type Statement } from "./statement.ts";

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

export interface FoundRecord {
  readonly place: string;
  /** As it was serialized. */
  readonly event: string;
}

/** What is asked for cannot be asked; the message is for whoever asked. */
export class SearchInvalid extends Error {
  override readonly name = "SearchInvalid";
}

/** A page, newest first. @throws SearchInvalid */
export async function searchRecords(ask: Ask, search: Search): Promise<readonly FoundRecord[]> {
  const rows = await ask(searchStatement(search));
  return rows.map(({ place, event }) => ({ place: String(place), event: String(event) }));
}

/**
 * One statement, newest first, answered from audit_term: by the words of the index and not by reading events. What the
 * index finds by words is then compared exactly. @throws SearchInvalid
 */
export function searchStatement(search: Search): Statement {
  const conditions = new Conditions();
  const words = matchOf(search);
  const place = words === null ? "e.place" : "t.rowid";
  if (words !== null) conditions.add(`audit_term MATCH ${conditions.value(words)}`);
  for (const [sign, bound] of boundsOf(search)) {
    conditions.add(`${place} ${sign} CAST(${conditions.value(bound)} AS INTEGER)`);
  }
  for (const [member, value] of Object.entries(search.members)) {
    conditions.add(`e.event ->> '${SEARCH_MEMBERS[member as SearchMember]}' = ${conditions.value(value)}`);
  }
  const from = words === null ? "audit_event e" : "audit_term t CROSS JOIN audit_event e ON e.place = t.rowid";
  return conditions.statement(
    `SELECT CAST(e.place AS TEXT) AS place, e.event AS event FROM ${from}${conditions.where} ORDER BY ${place} DESC LIMIT ${conditions.value(search.limit)}`,
  );
}

/** In FTS5's own terms: every member as a phrase in its column, every word of the text anywhere. */
function matchOf({ members, text }: Search): string | null {
  const phrases = Object.entries(members).map(
    ([member, value]) => `${SEARCH_MEMBERS[member as SearchMember]} : ${phrase(value)}`,
  );
  const words = (text ?? "").split(/\s+/).filter(holdsWord);
  if (text !== null && words.length === 0) throw new SearchInvalid(`"${text}" holds no word to search for.`);
  const anywhere = words.map((word) => (word.endsWith("*") ? `${phrase(word.slice(0, -1))} *` : phrase(word)));
  const all = [...phrases, ...anywhere];
  return all.length === 0 ? null : all.join(" AND ");
}

/** Of signs alone the index has no word, and a search for none would find everything or fail. */
function holdsWord(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text);
}

/** As FTS5 spells words that stand one after the other. @throws SearchInvalid */
export function phrase(text: string): string {
  if (!holdsWord(text)) throw new SearchInvalid(`"${text}" holds no word to search for.`);
  if (text.includes("\u0000")) throw new SearchInvalid("A search holds no NUL.");
  return `"${text.replaceAll('"', '""')}"`;
}

function boundsOf({
  fromMilliseconds: from,
  toMilliseconds: to,
  before,
}: Search): readonly (readonly [string, string])[] {
  if (before !== null && !/^\d{1,19}$/.test(before))
    throw new SearchInvalid(`"${before}" is no place: copy it from the page before.`);
  return [
    ...(from === null ? [] : [[">=", String(earliestPlace(from))] as const]),
    ...(to === null ? [] : [["<", String(earliestPlace(to))] as const]),
    ...(before === null ? [] : [["<", before] as const]),
  ];
}
