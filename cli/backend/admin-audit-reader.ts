import * as z from "zod";
import { type PeoplePage, type PeopleQuery, servedPersonSchema } from "../../src/audit/connection-people.ts";
import { connectionSchema, type ConnectionPage, type InventoryQuery } from "../../src/audit/inventory.ts";
import type { FoundRecord, Search } from "../../src/audit/search-records.ts";
import { LIMITS } from "../../src/limits.ts";
import type { AdminClient } from "./admin-client.ts";
import { AuditIndexMissing } from "./audit-index-missing.ts";
import type { AuditActivity, AuditReader } from "./audit-reader.ts";

const event = z.record(z.string(), z.unknown());
const eventsSchema = z.object({ events: z.array(event) });
const recordsSchema = z.object({
  records: z.array(z.object({ place: z.string(), event })),
  before: z.string().nullable(),
});
const inventorySchema = z.object({ connections: z.array(connectionSchema), after: z.string().nullable() });
const peopleSchema = z.object({ people: z.array(servedPersonSchema), after: z.string().nullable() });
const statusSchema = z.object({
  audit: z.object({ last_event: z.string().nullable(), last_hour: z.record(z.string(), z.number()) }).nullable(),
});

/** The index of a deployment by its admin API, whose answers are pages of a size of its own. */
export class AdminAuditReader implements AuditReader {
  readonly #client: Pick<AdminClient, "ask">;
  readonly #name: string;

  constructor(client: Pick<AdminClient, "ask">, name: string) {
    this.#client = client;
    this.#name = name;
  }

  async findRecords(correlationId: string): Promise<readonly string[]> {
    const { events } = await this.#read("/audit-events", { correlation_id: correlationId }, eventsSchema);
    return events.map(spell);
  }

  async readActivity(): Promise<AuditActivity> {
    const { audit } = await this.#read("/status", {}, statusSchema);
    if (audit !== null) return audit;
    throw new AuditIndexMissing(`${this.#name} has no audit index that answers.`);
  }

  async search(search: Search): Promise<readonly FoundRecord[]> {
    const found: FoundRecord[] = [];
    let { before } = search;
    do {
      const limit = Math.min(search.limit - found.length, LIMITS.recordsPerPage);
      const page = await this.#read("/audit-records", { ...parametersOf(search), before, limit }, recordsSchema);
      found.push(...page.records.map((each) => ({ place: each.place, event: spell(each.event) })));
      ({ before } = page);
    } while (before !== null && found.length < search.limit);
    return found;
  }

  readInventory({ organization, client, resource, fromDay, toDay, after }: InventoryQuery): Promise<ConnectionPage> {
    const named = { organization, client_id: client, resource };
    return this.#read("/inventory", { ...named, from: fromDay, to: toDay, after }, inventorySchema);
  }

  readPeople({ organization, client, resource, fromDay, toDay, after }: PeopleQuery): Promise<PeoplePage> {
    const named = { organization, client_id: client, resource };
    return this.#read("/inventory/people", { ...named, from: fromDay, to: toDay, after }, peopleSchema);
  }

  #read<Answer>(path: string, parameters: Parameters, schema: z.ZodType<Answer>): Promise<Answer> {
    const given = Object.entries(parameters).flatMap(([name, value]) =>
      value === undefined || value === null ? [] : [[name, String(value)]],
    );
    const query = new URLSearchParams(given).toString();
    return this.#client.ask({ method: "GET", path: `${path}${query === "" ? "" : `?${query}`}` }, schema);
  }
}

/** As it was recorded, where what is not known is left out. */
function spell(found: z.output<typeof event>): string {
  const known = Object.entries(found).filter(
    ([, value]) => value !== null && !(Array.isArray(value) && value.length === 0),
  );
  return JSON.stringify(Object.fromEntries(known));
}

type Parameters = Readonly<Record<string, string | number | null | undefined>>;

function parametersOf({ members, text, fromMilliseconds: from, toMilliseconds: to }: Search): Parameters {
  return { ...members, text, from: instant(from), to: instant(to) };
}

function instant(milliseconds: number | null): string | null {
  return milliseconds === null ? null : new Date(milliseconds).toISOString();
}
