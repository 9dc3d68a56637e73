import * as z from "zod";
import { type Ask, Conditions, type Statement } from "./statement.ts";

const count = z.int().nonnegative();
const day = z.iso.date();

const approvalSchema = z.strictObject({
  policy_rules: z.array(z.string()),
  policy_revision: z.string(),
  first_day: day,
  last_day: day,
  approved_by: z
    .string()
    .nullable()
    .describe("Who wrote that revision by the admin API; null where the index does not know"),
  approved_at: z.string().nullable(),
});

/** A client that reached a server for an organization. */
export const connectionSchema = z.strictObject({
  organization: z.string(),
  client_id: z.string(),
  resource: z.string(),
  first_use: z.string(),
  last_use: z.string(),
  people: count.describe("How many different people it served"),
  scopes: z.array(z.string()).describe("That tokens were granted"),
  approvals: z.array(approvalSchema).describe("The rules that permitted it, the latest first"),
  approvals_left_out: count.describe("How many older ones there are besides"),
  tokens_issued: count,
  calls_allowed: count,
  refused: count.describe("Redemptions and calls"),
  failed: count.describe("Redemptions and calls that failed on our side or the server's"),
});

export type Connection = z.output<typeof connectionSchema>;

export interface InventoryQuery {
  readonly organization?: string | undefined;
  readonly client?: string | undefined;
  readonly resource?: string | undefined;
  /** The first day (included) and the last (excluded) that count; null for as far as the index goes. */
  readonly fromDay: string | null;
  readonly toDay: string | null;
  /** What the page before ended with. */
  readonly after: string | null;
  readonly limit: number;
}

export interface ConnectionPage {
  readonly connections: readonly Connection[];
  readonly after: string | null;
}

const cursorSchema = z.tuple([z.string(), z.string(), z.string()]);

/** @returns null for what no page ended with */
export function parseCursor(after: string): readonly [string, string, string] | null {
  try {
    return cursorSchema.parse(JSON.parse(after));
  } catch {
    return null;
  }
}

/** Connections in alphabetical order, each with what is known of it within the days that were asked for. */
export async function readInventory(ask: Ask, query: InventoryQuery): Promise<ConnectionPage> {
  const found = z.array(foundSchema).parse(await ask(connectionStatement(query)));
  if (found.length === 0) return { connections: [], after: null };
  const ids = JSON.stringify(found.map(({ id }) => id));
  const [counts, people, scopes, approvals] = [
    countSchema.array().parse(await ask(within(COUNTS, ids, query))),
    peopleSchema.array().parse(await ask(within(PEOPLE, ids, query))),
    scopeSchema.array().parse(await ask(within(SCOPES, ids, query))),
    approvalRowSchema.array().parse(await ask(within(APPROVALS, ids, query))),
  ];
  const authors = await readAuthors(ask, [...new Set(approvals.map(({ policy_revision }) => policy_revision))]);
  const connections = found.map(({ id, ...named }) => ({
    ...named,
    people: people.find(({ connection }) => connection === id)?.people ?? 0,
    scopes: scopesOf(scopes.filter(({ connection }) => connection === id)),
    ...approvalsOf(
      approvals.filter(({ connection }) => connection === id),
      authors,
    ),
    ...countsOf(counts.filter(({ connection }) => connection === id)),
  }));
  const last = found.length < query.limit ? undefined : found.at(-1);
  return { connections, after: last === undefined ? null : cursorOf(last) };
}

/** What a page ends with whose last connection is this one. */
export function cursorOf({
  organization,
  client_id,
  resource,
}: Pick<Connection, "organization" | "client_id" | "resource">): string {
  return JSON.stringify([organization, client_id, resource]);
}

const foundSchema = connectionSchema
  .pick({ organization: true, client_id: true, resource: true, first_use: true, last_use: true })
  .extend({ id: z.int() });

export function connectionStatement(query: InventoryQuery): Statement {
  const conditions = new Conditions();
  conditions.add("c.last_use IS NOT NULL");
  const named = { organization: query.organization, client_id: query.client, resource: query.resource };
  for (const [member, value] of Object.entries(named)) {
    if (value !== undefined) conditions.add(`c.${member} = ${conditions.value(value)}`);
  }
  const after = query.after === null ? null : parseCursor(query.after);
  if (after !== null) {
    const values = after.map((value) => conditions.value(value)).join(", ");
    conditions.add(`(c.organization, c.client_id, c.resource) > (${values})`);
  }
  if (query.fromDay !== null || query.toDay !== null) {
    const days = daysOf(conditions, query);
    conditions.add(
      `EXISTS (SELECT 1 FROM audit_connection_day d WHERE d.connection = c.id AND d.decision = 'granted'${days})`,
    );
  }
  return conditions.statement(
    `SELECT c.id, c.organization, c.client_id, c.resource, c.first_use, c.last_use FROM audit_connection c${conditions.where} ORDER BY c.organization, c.client_id, c.resource LIMIT ${conditions.value(query.limit)}`,
  );
}

type Days = Pick<InventoryQuery, "fromDay" | "toDay">;

function daysOf(conditions: Conditions, { fromDay, toDay }: Days): string {
  const from = fromDay === null ? "" : ` AND d.day >= ${conditions.value(fromDay)}`;
  const to = toDay === null ? "" : ` AND d.day < ${conditions.value(toDay)}`;
  return `${from}${to}`;
}

/** `select` with its place for the connections and the days that are asked about. */
function within(select: (of: string) => string, ids: string, days: Days): Statement {
  const conditions = new Conditions();
  const of = `d.connection IN (SELECT value FROM json_each(${conditions.value(ids)}))`;
  return conditions.statement(select(`${of}${daysOf(conditions, days)}`));
}

const COUNTS = (of: string): string =>
  `SELECT d.connection, d.type, d.decision, sum(d.events) AS events FROM audit_connection_day d WHERE ${of} GROUP BY d.connection, d.type, d.decision`;
const countSchema = z.object({ connection: z.int(), type: z.string(), decision: z.string(), events: count });

const PEOPLE = (of: string): string =>
  `SELECT d.connection, count(DISTINCT d.principal) AS people FROM audit_connection_person d WHERE ${of} GROUP BY d.connection`;
const peopleSchema = z.object({ connection: z.int(), people: count });

/** Of each connection so many, or one whose policy is edited every hour would fill the page. */
const MOST_SCOPES = 200;
const MOST_APPROVALS = 20;

const SCOPES = (of: string): string => `
  SELECT connection, scope FROM (
    SELECT DISTINCT d.connection, d.scope, dense_rank() OVER (PARTITION BY d.connection ORDER BY d.scope) AS number
    FROM audit_connection_approval d WHERE ${of}
  ) WHERE number <= ${MOST_SCOPES}`;
const scopeSchema = z.object({ connection: z.int(), scope: z.string() });

const APPROVALS = (of: string): string => `
  SELECT * FROM (
    SELECT d.connection, d.policy_rules, d.policy_revision, min(d.day) AS first_day, max(d.day) AS last_day,
      row_number() OVER (PARTITION BY d.connection ORDER BY max(d.day) DESC, min(d.day) DESC, d.policy_revision) AS number,
      count(*) OVER (PARTITION BY d.connection) AS approvals
    FROM audit_connection_approval d WHERE ${of} GROUP BY d.connection, d.policy_rules, d.policy_revision
  ) WHERE number <= ${MOST_APPROVALS} ORDER BY connection, number`;
const approvalRowSchema = z.object({
  connection: z.int(),
  policy_rules: z.string().transform((text) => z.array(z.string()).parse(JSON.parse(text))),
  policy_revision: z.string(),
  first_day: day,
  last_day: day,
  approvals: count,
});

function scopesOf(rows: readonly { readonly scope: string }[]): string[] {
  return [...new Set(rows.flatMap(({ scope }) => scope.split(" ")))].filter((token) => token !== "").toSorted();
}

function approvalsOf(
  rows: readonly z.output<typeof approvalRowSchema>[],
  authors: ReadonlyMap<string, Author>,
): Pick<Connection, "approvals" | "approvals_left_out"> {
  const approvals = rows.map(({ policy_rules, policy_revision, first_day, last_day }) => {
    const { admin = null, time = null } = authors.get(policy_revision) ?? {};
    return { policy_rules, policy_revision, first_day, last_day, approved_by: admin, approved_at: time };
  });
  return { approvals, approvals_left_out: (rows[0]?.approvals ?? 0) - rows.length };
}

function countsOf(rows: readonly z.output<typeof countSchema>[]) {
  const sum = (decisions: readonly string[], types: readonly string[]): number =>
    rows
      .filter(({ type, decision }) => types.includes(type) && decisions.includes(decision))
      .reduce((total, { events }) => total + events, 0);
  const every = ["redemption", "gateway_call"];
  return {
    tokens_issued: sum(["granted"], ["redemption"]),
    calls_allowed: sum(["granted"], ["gateway_call"]),
    refused: sum(["refused"], every),
    failed: sum(["failed"], every),
  };
}

interface Author {
  readonly admin: string;
  readonly time: string;
}

/** Whoever wrote a revision of a policy by the admin API, whose records say so before the change is made. */
const AUTHORS = (revisions: string): string => `
  SELECT e.event ->> 'revision_after' AS revision, e.event ->> 'admin' AS admin, e.time AS time
  FROM audit_term t CROSS JOIN audit_event e ON e.place = t.rowid
  WHERE audit_term MATCH 'type : admin_action AND other : policy AND decision : granted'
    AND e.event ->> 'revision_after' IN (SELECT value FROM json_each(${revisions})) AND e.event ->> 'admin' IS NOT NULL
  ORDER BY t.rowid`;
const authorSchema = z.object({ revision: z.string(), admin: z.string(), time: z.string() });

async function readAuthors(ask: Ask, revisions: readonly string[]): Promise<ReadonlyMap<string, Author>> {
  if (revisions.length === 0) return new Map();
  const conditions = new Conditions();
  const statement = conditions.statement(AUTHORS(conditions.value(JSON.stringify(revisions))));
  const rows = authorSchema.array().parse(await ask(statement));
  return new Map(rows.map(({ revision, admin, time }) => [revision, { admin, time }]));
}
