import type { PeopleQuery, ServedPerson } from "../../src/audit/connection-people.ts";
import type { Connection, InventoryQuery } from "../../src/audit/inventory.ts";
import { LIMITS } from "../../src/limits.ts";
import type { AuditReader } from "../backend/audit-reader.ts";

/** A connection with everything that was asked of it. */
export interface ListedConnection extends Connection {
  /** Absent where names were not asked for. */
  readonly people_served?: readonly ServedPerson[];
  /** The command that stops this connection and nothing else. */
  readonly stop: string;
}

export interface Listing extends Omit<InventoryQuery, "limit"> {
  readonly withPeople: boolean;
  /** What to add to a command so that it reaches the same Crossgate. */
  readonly where: string;
}

/** Page after page, in alphabetical order. */
export async function* everyConnection(audit: AuditReader, listing: Listing): AsyncGenerator<ListedConnection> {
  let { after } = listing;
  do {
    const page = await audit.readInventory({ ...listing, after, limit: LIMITS.connectionsPerPage });
    for (const connection of page.connections) yield complete(connection, audit, listing);
    ({ after } = page);
  } while (after !== null);
}

async function complete(connection: Connection, audit: AuditReader, listing: Listing): Promise<ListedConnection> {
  const stop = stopCommand(connection, listing.where);
  if (!listing.withPeople) return { ...connection, stop };
  const { organization, client_id: client, resource } = connection;
  const people_served = await everyPerson(audit, { organization, client, resource, ...daysOf(listing) });
  return { ...connection, people_served, stop };
}

function daysOf({ fromDay, toDay }: Listing): Pick<PeopleQuery, "fromDay" | "toDay"> {
  return { fromDay, toDay };
}

async function everyPerson(
  audit: AuditReader,
  query: Omit<PeopleQuery, "after" | "limit">,
): Promise<readonly ServedPerson[]> {
  const people: ServedPerson[] = [];
  let after: string | null = null;
  do {
    const page: Awaited<ReturnType<AuditReader["readPeople"]>> = await audit.readPeople({
      ...query,
      after,
      limit: LIMITS.peoplePerPage,
    });
    people.push(...page.people);
    ({ after } = page);
  } while (after !== null);
  return people;
}

function stopCommand({ organization, client_id, resource }: Connection, where: string): string {
  const named = [organization, client_id, resource].map(quoteWord).join(" ");
  return `npx crossgate revoke connection ${named} --reason WORD${where === "" ? "" : ` ${where}`}`;
}

/** As a shell reads it back: names are other people's, and a copied command must run nothing of theirs. */
export function quoteWord(word: string): string {
  return /^[\w.,:/@%+-]+$/.test(word) && !word.startsWith("-") ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
