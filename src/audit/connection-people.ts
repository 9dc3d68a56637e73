import * as z from "zod";
import { type Ask, Conditions, type Statement } from "./statement.ts";

const day = z.iso.date();

/** Somebody whom a connection served, as records name him. */
export const servedPersonSchema = z.strictObject({
  principal: z.string().describe("The sub of our access tokens"),
  issuer: z.string().nullable(),
  tenant: z.string().nullable(),
  subject: z.string().nullable().describe("null where the record that named him is out of the index"),
  account: z.string().nullable(),
  first_day: day,
  last_day: day,
});

export type ServedPerson = z.output<typeof servedPersonSchema>;

export interface PeopleQuery {
  readonly organization: string;
  readonly client: string;
  readonly resource: string;
  readonly fromDay: string | null;
  readonly toDay: string | null;
  /** The principal that the page before ended with. */
  readonly after: string | null;
  readonly limit: number;
}

export interface PeoplePage {
  readonly people: readonly ServedPerson[];
  readonly after: string | null;
}

/** Everybody whom one connection served within the days that were asked for, a page at a time. */
export async function readPeople(ask: Ask, query: PeopleQuery): Promise<PeoplePage> {
  const people = servedPersonSchema.array().parse(await ask(peopleStatement(query)));
  return { people, after: people.length < query.limit ? null : (people.at(-1)?.principal ?? null) };
}

export function peopleStatement(query: PeopleQuery): Statement {
  const conditions = new Conditions();
  conditions.add(`c.organization = ${conditions.value(query.organization)}`);
  conditions.add(`c.client_id = ${conditions.value(query.client)}`);
  conditions.add(`c.resource = ${conditions.value(query.resource)}`);
  if (query.after !== null) conditions.add(`d.principal > ${conditions.value(query.after)}`);
  if (query.fromDay !== null) conditions.add(`d.day >= ${conditions.value(query.fromDay)}`);
  if (query.toDay !== null) conditions.add(`d.day < ${conditions.value(query.toDay)}`);
  return conditions.statement(`
    SELECT p.principal, e.issuer, e.event ->> 'tenant' AS tenant, e.subject, e.event ->> 'account' AS account, p.first_day, p.last_day
    FROM (
      SELECT d.principal, min(d.day) AS first_day, max(d.day) AS last_day, max(d.place) AS place
      FROM audit_connection c JOIN audit_connection_person d ON d.connection = c.id${conditions.where}
      GROUP BY d.principal ORDER BY d.principal LIMIT ${conditions.value(query.limit)}
    ) p LEFT JOIN audit_event e ON e.place = p.place ORDER BY p.principal`);
}
