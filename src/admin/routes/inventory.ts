import * as z from "zod";
import { readPeople, servedPersonSchema } from "../../audit/connection-people.ts";
import { connectionSchema, parseCursor, readInventory } from "../../audit/inventory.ts";
import { LIMITS } from "../../limits.ts";
import { defineRoute, NO_BODY } from "../route.ts";
import { AdminRejected } from "../rejection.ts";

const name = z.string().min(1).max(LIMITS.urlBytes);
const cursor = z.string().min(1).max(LIMITS.adminPathCharacters).optional();
const period = {
  from: z.iso.date().optional().describe("The first day that counts"),
  to: z.iso.date().optional().describe("The first day after them"),
};

export const listConnections = defineRoute({
  id: "list_connections",
  method: "GET",
  path: "/admin/v1/inventory",
  role: "viewer",
  summary:
    "Every connection of a client to a server for an organization: by which rules, how used, for how many people",
  parameters: z.strictObject({
    organization: name.optional(),
    client_id: name.optional(),
    resource: name.optional(),
    ...period,
    after: cursor.describe("What the page before ended with"),
  }),
  body: NO_BODY,
  response: z.strictObject({ connections: z.array(connectionSchema), after: z.string().nullable() }),
  async handle({ parameters }, { audit }) {
    const { organization, client_id: client, resource, from = null, to = null, after = null } = parameters;
    if (after !== null && parseCursor(after) === null) {
      throw new AdminRejected("admin_request_malformed", { path: "after", explanation: "no page ended with it" });
    }
    const page = { fromDay: from, toDay: to, after, limit: LIMITS.connectionsPerPage };
    const { connections, after: next } = await readInventory(audit.ask, { organization, client, resource, ...page });
    const body = { connections: [...connections], after: next };
    return { facts: { count: connections.length }, answer: { status: 200, body } };
  },
});

export const listConnectionPeople = defineRoute({
  id: "list_connection_people",
  method: "GET",
  path: "/admin/v1/inventory/people",
  role: "viewer",
  summary: "Whom one connection served",
  parameters: z.strictObject({ organization: name, client_id: name, resource: name, ...period, after: cursor }),
  body: NO_BODY,
  response: z.strictObject({ people: z.array(servedPersonSchema), after: z.string().nullable() }),
  async handle({ parameters }, { audit }) {
    const { organization, client_id: client, resource, from = null, to = null, after = null } = parameters;
    const page = { fromDay: from, toDay: to, after, limit: LIMITS.peoplePerPage };
    const { people, after: next } = await readPeople(audit.ask, { organization, client, resource, ...page });
    const facts = { organization, client_id: client, resource, count: people.length };
    return { facts, answer: { status: 200, body: { people: [...people], after: next } } };
  },
});
