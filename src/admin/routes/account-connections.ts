import * as z from "zod";
import { Outage } from "../../audit/reason.ts";
import { LIMITS } from "../../limits.ts";
import type { AccountConnection, AdminDependencies, ConnectedPerson } from "../dependencies.ts";
import { AdminRejected } from "../rejection.ts";
import { defineRoute, NO_BODY } from "../route.ts";

const name = z.string().min(1).max(LIMITS.identifierBytes);
const address = z.string().min(1).max(LIMITS.urlBytes);
const instant = z.iso.datetime();
const kind = z
  .enum(["grant", "identity"])
  .describe("grant: at an MCP server; identity: at the identity provider, for servers that ask it for more");

const personSchema = z.strictObject({ organization: z.string(), principal: z.string() });

export const accountConnectionSchema = personSchema.extend({
  subjects: z
    .array(z.strictObject({ issuer: z.string(), tenant: z.string().nullable(), subject: z.string() }))
    .describe("Who the person is to the identity providers that they signed in with"),
  kind,
  connected_to: z.string().describe("The MCP server, by the URL that clients use; or the identity provider's issuer"),
  state: z
    .enum(["connected", "renewing", "expired", "lost", "unreadable"])
    .describe("expired, lost: the person is asked again; unreadable: damaged, or its key is not in VAULT_KEYS"),
  authorization_server: z.string().nullable(),
  client_id: z.string().nullable().describe("Who we are there"),
  scope: z.string().nullable().describe("null: nobody said"),
  connected_at: instant.nullable().describe("When the person last agreed"),
  renewed_at: instant.describe("When it last changed"),
  token_expires_at: instant.nullable(),
  ends_at: instant.nullable().describe("null: it is renewed until somebody ends it, or it is over"),
  last_used_at: instant.nullable().describe("To a minute or so, and by isolates that had no copy"),
  failure: z
    .strictObject({ reason: z.string(), at: instant })
    .nullable()
    .describe("Why it could not be used the last time; null: it could"),
});

export const listAccountConnections = defineRoute({
  id: "list_account_connections",
  method: "GET",
  path: "/admin/v1/vault/connections",
  role: "viewer",
  summary:
    "Which people have connected accounts of theirs, to what, since when and until when; a page of people at a time",
  parameters: z.strictObject({
    organization: name.optional(),
    principal: name.optional(),
    issuer: address.optional().describe("Of the identity provider that the person signed in with"),
    subject: name.optional(),
    resource: address.optional().describe("Only connections to this MCP server"),
    after: z.string().max(LIMITS.adminPathCharacters).optional().describe("What the page before ended with"),
  }),
  body: NO_BODY,
  response: z.strictObject({
    connections: z.array(accountConnectionSchema),
    unreachable: z.array(personSchema).describe("People whose vault did not answer"),
    after: z.string().nullable(),
  }),
  async handle({ parameters }, { connections }) {
    const { organization = null, principal = null, issuer = null, subject = null, resource, after } = parameters;
    const people = await connections.listPeople({
      organization,
      principal,
      issuer,
      sub: subject,
      after: after === undefined ? null : readCursor(after),
    });
    const listed = people.flatMap((person) => describePerson(person, resource));
    const unreachable = people.filter(({ connections: theirs }) => theirs === null).map((person) => nameOf(person));
    const last = people.length < LIMITS.connectedPeoplePerPage ? undefined : people.at(-1);
    const body = { connections: listed, unreachable, after: last === undefined ? null : cursorOf(last) };
    return { facts: { organization, principal, count: listed.length }, answer: { status: 200, body } };
  },
});

const endingSchema = z.strictObject({ organization: name, principal: name, kind, connected_to: address });
type Ending = z.output<typeof endingSchema>;

export const endAccountConnection = defineRoute({
  id: "end_account_connection",
  method: "POST",
  path: "/admin/v1/vault/connections/end",
  role: "operator",
  action: "removed",
  summary: "Deletes what one person has connected to one server; their next call asks them again",
  parameters: z.strictObject({}),
  body: endingSchema,
  response: z.strictObject({
    effective_within_seconds: z.int().describe("Isolates go by a token that they were given for so long"),
  }),
  async handle({ body }, { connections }) {
    const { organization, principal, connected_to: id } = body;
    const owner = { organization, owner: principal };
    const about = { organization, principal, ...(body.kind === "grant" ? { resource: id } : { issuer: id }) };
    // What is known to fail is not recorded as done; the change itself looks again.
    if (!(await isConnected(body, connections))) throw new AdminRejected("admin_connection_unknown", { facts: about });
    const change = async () => {
      const ended = await connections.disconnect(owner, { kind: body.kind, id });
      if (ended === 0) throw new AdminRejected("admin_connection_unknown");
      return { status: 200, body: { effective_within_seconds: LIMITS.upstreamTokenFreshSeconds } };
    };
    return { facts: { ...about, action: "removed" }, change };
  },
});

/** Nobody's vault is opened for a name that nobody has. */
async function isConnected(
  { organization, principal, kind: wanted, connected_to: id }: Ending,
  connections: AdminDependencies["connections"],
): Promise<boolean> {
  const [person] = await connections.listPeople({ organization, principal, issuer: null, sub: null, after: null });
  if (person === undefined) return false;
  if (person.connections === null) throw new Outage("vault_unavailable");
  return person.connections.some((one) => one.kind === wanted && one.id === id);
}

function nameOf({ organization, owner }: ConnectedPerson): z.input<typeof personSchema> {
  return { organization, principal: owner };
}

function describePerson(person: ConnectedPerson, resource: string | undefined) {
  const subjects = person.subjects.map(({ issuer, tenant, sub }) => ({ issuer, tenant, subject: sub }));
  return (person.connections ?? [])
    .filter(({ kind: theirs, id }) => resource === undefined || (theirs === "grant" && id === resource))
    .map((connection) => ({ ...nameOf(person), subjects, ...describeConnection(connection) }));
}

function describeConnection(connection: AccountConnection) {
  const { state, terms, failure } = connection;
  const tokenExpiresAt = instantOf(terms?.tokenExpiresAtMilliseconds ?? null);
  return {
    kind: connection.kind,
    connected_to: connection.id,
    state,
    authorization_server: terms?.authorizationServer ?? null,
    client_id: terms?.clientId ?? null,
    scope: terms?.scope ?? null,
    connected_at: instantOf(terms?.connectedAtMilliseconds ?? null),
    renewed_at: new Date(connection.changedAtMilliseconds).toISOString(),
    token_expires_at: tokenExpiresAt,
    ends_at: terms?.isRenewable === true ? null : tokenExpiresAt,
    last_used_at: instantOf(connection.usedAtMilliseconds),
    failure: failure === null ? null : { reason: failure.reason, at: new Date(failure.atMilliseconds).toISOString() },
  };
}

function instantOf(milliseconds: number | null): string | null {
  return milliseconds === null ? null : new Date(milliseconds).toISOString();
}

const cursorSchema = z.tuple([z.string(), z.string()]);

function cursorOf({ organization, owner }: ConnectedPerson): string {
  return JSON.stringify([owner, organization]);
}

type Listed = Parameters<AdminDependencies["connections"]["listPeople"]>[0];

function readCursor(after: string): Listed["after"] {
  try {
    const [owner, organization] = cursorSchema.parse(JSON.parse(after));
    return { owner, organization };
  } catch {
    throw new AdminRejected("admin_request_malformed", { path: "after", explanation: "no page ended with it" });
  }
}
