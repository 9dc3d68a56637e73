import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import type { AuditEvent } from "../../src/audit/audit-event.ts";
import { peopleStatement, readPeople } from "../../src/audit/connection-people.ts";
import { connectionStatement, type InventoryQuery, readInventory } from "../../src/audit/inventory.ts";
import { enforceRetention } from "../../src/audit/retention.ts";
import { askIndex, batchOf, indexAll, planOf } from "../support/audit-index.ts";

beforeAll(() => applyD1Migrations(env.AUDIT_INDEX, env.TEST_MIGRATIONS));

const SERVER = "https://mcp.example.com/files";
const ALL: InventoryQuery = { fromDay: null, toDay: null, after: null, limit: 50 };

function use(at: string, facts: Partial<AuditEvent> = {}) {
  return {
    at,
    organization: "acme",
    client_id: "agent",
    resource: SERVER,
    issuer: "https://idp.example.com",
    subject: "ada",
    principal: "usr_ada",
    scope_granted: "files:read",
    policy_rules: ["readers"],
    policy_revision: "rev-1",
    ...facts,
  };
}

/** Connections of one organization, which no other test has. */
async function inventoryOf(organization: string, query: Partial<InventoryQuery> = {}) {
  return (await readInventory(askIndex, { ...ALL, organization, ...query })).connections;
}

function peopleOf(organization: string, query: { readonly after?: string; readonly limit?: number } = {}) {
  const named = { organization, client: "agent", resource: SERVER, fromDay: null, toDay: null };
  return readPeople(askIndex, { ...named, after: null, limit: 50, ...query });
}

describe("the inventory", () => {
  it("says of a connection who approved it, for what, for how many people, and how it was used", async () => {
    const organization = "globex";
    const changed = { type: "admin_action", action: "changed", decision: "granted", admin: "ci" } as const;
    await indexAll(
      batchOf([
        { at: "2026-11-01T08:00:00Z", ...changed, document_key: `policy:${organization}`, revision_after: "rev-2" },
        use("2026-11-01T09:00:00.000Z", { organization }),
        use("2026-11-01T09:01:00.000Z", { organization, type: "gateway_call", method: "tools/call", target: "read" }),
        use("2026-11-02T09:00:00.000Z", {
          organization,
          subject: "bob",
          principal: "usr_bob",
          scope_granted: "files:read files:write",
          policy_rules: ["readers", "writers"],
          policy_revision: "rev-2",
        }),
        use("2026-11-03T09:00:00.000Z", {
          organization,
          decision: "refused",
          principal: "usr_eve",
          policy_revision: "x",
        }),
        use("2026-11-04T09:00:00.000Z", { organization, type: "gateway_call", decision: "failed" }),
      ]),
    );
    expect(await inventoryOf(organization)).toEqual([
      {
        organization,
        client_id: "agent",
        resource: SERVER,
        first_use: "2026-11-01T09:00:00.000Z",
        last_use: "2026-11-02T09:00:00.000Z",
        people: 2,
        scopes: ["files:read", "files:write"],
        approvals: [
          {
            policy_rules: ["readers", "writers"],
            policy_revision: "rev-2",
            first_day: "2026-11-02",
            last_day: "2026-11-02",
            approved_by: "ci",
            approved_at: "2026-11-01T08:00:00.000Z",
          },
          {
            policy_rules: ["readers"],
            policy_revision: "rev-1",
            first_day: "2026-11-01",
            last_day: "2026-11-01",
            approved_by: null,
            approved_at: null,
          },
        ],
        approvals_left_out: 0,
        tokens_issued: 2,
        calls_allowed: 1,
        refused: 1,
        failed: 1,
      },
    ]);
  });

  it("counts each event once, however often its batch is delivered and in whichever order", async () => {
    const organization = "twice";
    const first = batchOf([
      use("2026-11-02T09:00:00Z", { organization }),
      use("2026-11-02T10:00:00Z", { organization }),
    ]);
    const second = batchOf([use("2026-11-01T09:00:00Z", { organization, subject: "bob", principal: "usr_bob" })]);
    await indexAll(first, second);
    await indexAll(second, first);
    await indexAll({ ...first, hash: "1".repeat(64) });
    expect(await inventoryOf(organization)).toMatchObject([
      { tokens_issued: 3, people: 2, first_use: "2026-11-01T09:00:00.000Z", last_use: "2026-11-02T10:00:00.000Z" },
    ]);
  });

  it("lists nothing that was only ever refused, until something is granted", async () => {
    const organization = "refused-only";
    await indexAll(batchOf([use("2026-11-02T09:00:00Z", { organization, decision: "refused" })]));
    expect(await inventoryOf(organization)).toEqual([]);
    await indexAll(batchOf([use("2026-11-03T09:00:00Z", { organization })]));
    expect(await inventoryOf(organization)).toMatchObject([{ refused: 1, tokens_issued: 1 }]);
  });

  it("of a period counts what happened in it, to the day", async () => {
    const organization = "by-day";
    const days = ["2026-11-01", "2026-11-02", "2026-11-03"];
    await indexAll(
      batchOf(days.map((day) => use(`${day}T23:59:59.999Z`, { organization, principal: day, policy_revision: day }))),
    );
    const [found] = await inventoryOf(organization, { fromDay: "2026-11-02", toDay: "2026-11-03" });
    expect(found).toMatchObject({ tokens_issued: 1, people: 1, approvals: [{ policy_revision: "2026-11-02" }] });
    expect(await inventoryOf(organization, { fromDay: "2026-11-04" })).toEqual([]);
    expect(await inventoryOf(organization, { toDay: "2026-11-01" })).toEqual([]);
  });

  it("goes on where the page before ended, and misses and repeats nothing", async () => {
    const organization = "paged";
    const clients = ["a", "b", 'c","x', "d'", "é"];
    await indexAll(batchOf(clients.map((client_id) => use("2026-11-01T09:00:00Z", { organization, client_id }))));
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof readInventory>> = await readInventory(askIndex, {
        ...ALL,
        organization,
        after,
        limit: 2,
      });
      seen.push(...page.connections.map(({ client_id }) => client_id));
      after = page.after;
    } while (after !== null);
    expect(seen).toEqual(clients);
  });

  it("is asked about one client or one server, exactly", async () => {
    const organization = "filters";
    await indexAll(
      batchOf([
        use("2026-11-01T09:00:00Z", { organization, client_id: "one" }),
        use("2026-11-01T09:00:01Z", { organization, client_id: "one-more", resource: `${SERVER}/2` }),
      ]),
    );
    expect(await inventoryOf(organization, { client: "one" })).toMatchObject([{ client_id: "one" }]);
    expect(await inventoryOf(organization, { resource: `${SERVER}/2` })).toMatchObject([{ client_id: "one-more" }]);
    expect(await inventoryOf(organization, { client: "on" })).toEqual([]);
  });

  it("names of many approvals the latest, and says how many it leaves out", async () => {
    const organization = "edited-often";
    const uses = Array.from({ length: 25 }, (_, at) =>
      use("2026-11-01T09:00:00Z", { organization, policy_revision: `r${String(at).padStart(2, "0")}` }),
    );
    await indexAll(batchOf(uses));
    const [found] = await inventoryOf(organization);
    expect(found?.approvals).toHaveLength(20);
    expect(found?.approvals_left_out).toBe(5);
  });

  it("names the people of a connection as records do, a page at a time", async () => {
    const organization = "people";
    await indexAll(
      batchOf([
        use("2026-11-01T09:00:00Z", { organization }),
        use("2026-11-03T09:00:00Z", { organization }),
        use("2026-11-02T09:00:00Z", { organization, principal: "usr_bob", subject: "bob", tenant: "t1" }),
        use("2026-11-02T09:00:00Z", { organization, client_id: "other", principal: "usr_eve" }),
      ]),
    );
    const ada = {
      principal: "usr_ada",
      subject: "ada",
      issuer: "https://idp.example.com",
      tenant: null,
      account: null,
    };
    const first = await peopleOf(organization, { limit: 1 });
    expect(first).toEqual({
      people: [{ ...ada, first_day: "2026-11-01", last_day: "2026-11-03" }],
      after: "usr_ada",
    });
    const second = await peopleOf(organization, { after: "usr_ada" });
    expect(second).toMatchObject({ people: [{ principal: "usr_bob", subject: "bob", tenant: "t1" }], after: null });
  });

  it("forgets what the index forgets, and never the first use of what is still used", async () => {
    const organization = "kept";
    await indexAll(
      batchOf([
        use("2020-01-01T09:00:00Z", { organization, principal: "usr_gone" }),
        use("2020-01-01T09:00:00Z", { organization, client_id: "gone" }),
        use("2026-11-01T09:00:00Z", { organization }),
      ]),
    );
    const nowMilliseconds = Date.parse("2026-11-21T00:00:00Z");
    await enforceRetention({ index: env.AUDIT_INDEX, days: null, nowMilliseconds });
    expect(await inventoryOf(organization)).toHaveLength(2);
    await enforceRetention({ index: env.AUDIT_INDEX, days: 90, nowMilliseconds });
    const left = await inventoryOf(organization);
    expect(left).toMatchObject([
      { client_id: "agent", first_use: "2020-01-01T09:00:00.000Z", tokens_issued: 1, people: 1 },
    ]);
    expect((await peopleOf(organization)).people).toMatchObject([{ principal: "usr_ada" }]);
    const rows = await askIndex({
      sql: "SELECT count(*) AS n FROM audit_connection_approval WHERE day < '2021'",
      values: [],
    });
    expect(rows).toEqual([{ n: 0 }]);
  });

  // 200 ms over a million events are promised by index.
  it.each<[string, Partial<InventoryQuery>, RegExp]>([
    ["all", {}, /^SCAN c USING INDEX sqlite_autoindex_audit_connection_1/],
    ["an organization", { organization: "acme" }, /^SEARCH c USING INDEX sqlite_autoindex_audit_connection_1/],
    ["a client", { client: "agent" }, /^SEARCH c USING INDEX audit_connection_by_client/],
    ["a resource", { resource: SERVER }, /^SEARCH c USING INDEX audit_connection_by_resource/],
    ["the next page", { after: '["a","b","c"]' }, /^SEARCH c USING INDEX sqlite_autoindex_audit_connection_1/],
    ["a period", { fromDay: "2026-11-01" }, /^SEARCH d .*USING PRIMARY KEY \(connection=\? AND day>\?\)/],
  ])("is read by index, for %s", async (_name, query, step) => {
    const steps = await planOf(connectionStatement({ ...ALL, ...query }));
    expect(steps).toContainEqual(expect.stringMatching(step));
    const people = { organization: "a", client: "b", resource: "c", fromDay: null, toDay: null, after: null, limit: 1 };
    expect((await planOf(peopleStatement(people))).filter((each) => /^SCAN (?!p\b)/.test(each))).toEqual([]);
  });
});
