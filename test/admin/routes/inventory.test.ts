import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { TestAdmin } from "../../support/admin.ts";
import { batchOf, indexAll } from "../../support/audit-index.ts";

const PATH = "/admin/v1/inventory";
const SERVER = "https://mcp.example.com/files";
let viewer: TestAdmin;

beforeAll(async () => {
  await applyD1Migrations(env.AUDIT_INDEX, env.TEST_MIGRATIONS);
  viewer = await TestAdmin.appoint("viewer");
  const agents = Array.from({ length: 101 }, (_, at) => ({
    at: "2026-11-01T09:00:00Z",
    organization: "acme",
    client_id: `agent-${String(at).padStart(3, "0")}`,
    resource: SERVER,
    principal: "usr_ada",
    subject: "ada",
  }));
  await indexAll(batchOf(agents));
});

describe("the inventory by the admin API", () => {
  it("comes a page at a time, to whoever may read", async () => {
    const first = await viewer.call(`${PATH}?organization=acme`);
    expect(first.status).toBe(200);
    expect(first.body["connections"]).toHaveLength(100);
    const after = encodeURIComponent(String(first.body["after"]));
    const second = await viewer.call(`${PATH}?organization=acme&after=${after}`);
    expect(second.body).toMatchObject({ connections: [{ client_id: "agent-100", people: 1 }], after: null });
  });

  it("names the people of a connection, which is on record under the reader's name", async () => {
    const asked = `organization=acme&client_id=agent-001&resource=${encodeURIComponent(SERVER)}`;
    const { body } = await viewer.call(`${PATH}/people?${asked}`);
    expect(body).toMatchObject({ people: [{ principal: "usr_ada", subject: "ada" }], after: null });
    const read = (await viewer.record()).findLast(({ operation }) => operation === "list_connection_people");
    expect(read).toMatchObject({ action: "read", organization: "acme", client_id: "agent-001", count: 1 });
  });

  it.each([
    "?after=x",
    "?after=%5B1%5D",
    "?from=yesterday",
    "?limit=5",
    "?organization=",
    "/people",
    "/people?organization=acme",
    "?organization=a&organization=b",
  ])("is not asked with %s", async (query) => {
    expect((await viewer.call(`${PATH}${query}`)).status).toBe(400);
  });

  it("is nothing for strangers", async () => {
    const stranger = await TestAdmin.appoint("viewer", { enabled: false });
    expect((await stranger.call(PATH)).status).toBe(401);
  });
});

describe("records by the admin API", () => {
  it("are found by member, newest first, a page at a time", async () => {
    const first = await viewer.call("/admin/v1/audit-records?organization=acme&limit=2");
    expect(first.body["records"]).toMatchObject([
      { event: { client_id: "agent-100" } },
      { event: { client_id: "agent-099" } },
    ]);
    const next = await viewer.call(
      `/admin/v1/audit-records?organization=acme&limit=1&before=${String(first.body["before"])}`,
    );
    expect(next.body["records"]).toMatchObject([{ event: { client_id: "agent-098" } }]);
    const none = await viewer.call("/admin/v1/audit-records?organization=nobody");
    expect(none.body).toEqual({ records: [], before: null });
  });

  it.each(["?limit=0", "?limit=201", "?text=***", "?before=1%20OR%201", "?subject=--", "?from=2026-11-01", "?words=a"])(
    "are not asked with %s",
    async (query) => {
      expect((await viewer.call(`/admin/v1/audit-records${query}`)).status).toBe(400);
    },
  );
});
