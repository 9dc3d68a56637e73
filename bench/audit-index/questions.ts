import { peopleStatement } from "../../src/audit/connection-people.ts";
import { type InventoryQuery, readInventory } from "../../src/audit/inventory.ts";
import { type Search, searchRecords } from "../../src/audit/search-records.ts";
import type { Ask } from "../../src/audit/statement.ts";

/** One thing that a command asks the index. */
export interface Question {
  readonly name: string;
  /** @returns how many rows it found */
  readonly ask: (ask: Ask) => Promise<number>;
}

const DAY_MILLISECONDS = 86_400_000;
const ANY: Search = { members: {}, text: null, fromMilliseconds: null, toMilliseconds: null, before: null, limit: 50 };
const ALL: InventoryQuery = { fromDay: null, toDay: null, after: null, limit: 100 };

/** Every search of `audit search`, from what nearly every event has to what one has; and the inventory. */
export function questions(endMilliseconds: number): readonly Question[] {
  const from = endMilliseconds - 45 * DAY_MILLISECONDS;
  const times = { fromMilliseconds: from, toMilliseconds: from + DAY_MILLISECONDS };
  const server = "https://mcp.example.com/server-3";
  const searches: readonly [string, Partial<Search>][] = [
    ["newest", {}],
    ["time: a day", times],
    ["organization", { members: { organization: "organization-7" } }],
    ["subject", { members: { subject: "person-4711" } }],
    ["client", { members: { client: "agent-7" } }],
    ["resource", { members: { resource: server } }],
    ["tool", { members: { tool: "tool-17" } }],
    ["decision: refused", { members: { decision: "refused" } }],
    ["decision: granted", { members: { decision: "granted" } }],
    ["reason", { members: { reason: "assertion_replayed" } }],
    ["type", { members: { type: "gateway_call" } }],
    ["issuer", { members: { issuer: "https://idp-7.example.com" } }],
    ["text: a word", { text: "revision-3 tool-17" }],
    ["text: a beginning", { text: "person-471*" }],
    ["text: a correlation id", { text: "c0de000000123456" }],
    ["text: nobody's", { text: "nobody" }],
    [
      "four members, a day",
      {
        ...times,
        members: { organization: "organization-7", client: "agent-7", resource: server, decision: "refused" },
      },
    ],
    ["granted and never: two large lists", { members: { decision: "granted", reason: "policy_denied" } }],
    ["page behind 500,000", { before: null, toMilliseconds: from }],
  ];
  const days = { fromDay: new Date(from).toISOString().slice(0, 10), toDay: null };
  const inventories: readonly [string, Partial<InventoryQuery>][] = [
    ["inventory: first page", {}],
    ["inventory: organization", { organization: "organization-7" }],
    ["inventory: client", { client: "agent-7" }],
    ["inventory: server", { resource: server }],
    ["inventory: half the days", days],
    ["inventory: a later page", { after: JSON.stringify(["organization-7", "agent-7", server]) }],
  ];
  return [
    ...searches.map(([name, search]): Question => ({
      name: `search ${name}`,
      ask: async (ask) => (await searchRecords(ask, { ...ANY, ...search })).length,
    })),
    ...inventories.map(([name, query]): Question => ({
      name,
      ask: async (ask) => (await readInventory(ask, { ...ALL, ...query })).connections.length,
    })),
    {
      name: "inventory: people of a connection",
      ask: async (ask) => {
        const page = { fromDay: null, toDay: null, after: null, limit: 100 };
        const named = { organization: "organization-7", client: "agent-7", resource: server, ...page };
        return (await ask(peopleStatement(named))).length;
      },
    },
  ];
}
