import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { makeAuditEvent, serializeAuditEvent, traceWithoutRequest } from "../../../src/audit/audit-event.ts";
import { indexBatches } from "../../../src/audit/audit-index.ts";
import { TestAdmin } from "../../support/admin.ts";

let viewer: TestAdmin;

beforeAll(async () => {
  await applyD1Migrations(env.AUDIT_INDEX, env.TEST_MIGRATIONS);
  viewer = await TestAdmin.appoint("viewer");
});

async function record(...names: readonly string[]): Promise<readonly string[]> {
  const events = names.map((client_id) =>
    makeAuditEvent(crypto.randomUUID(), traceWithoutRequest(Date.now()), {
      type: "redemption",
      decision: "granted",
      client_id,
    }),
  );
  const range = {
    chain: `ledger/v1/0/${crypto.randomUUID().slice(0, 8)}`,
    firstSequence: 1,
    lastSequence: names.length,
  };
  await indexBatches(env.AUDIT_INDEX, [{ ...range, hash: "h", events: events.map(serializeAuditEvent) }] as never);
  return events.map(({ correlation_id }) => correlation_id);
}

describe("the records of a request", () => {
  it("are found by its correlation id, and nobody else's are", async () => {
    const [first = "", second] = await record("agent-one", "agent-two");
    const { status, body } = await viewer.call(`/admin/v1/audit-events?correlation_id=${first}`);
    expect(status).toBe(200);
    expect(body["events"]).toMatchObject([{ correlation_id: first, client_id: "agent-one" }]);
    expect(JSON.stringify(body)).not.toContain(String(second));
  });

  it("are not found by any other word that they hold", async () => {
    await record("agent-three");
    const { body } = await viewer.call("/admin/v1/audit-events?correlation_id=agent-three");
    expect(body["events"]).toEqual([]);
  });

  it.each(["", "?correlation_id=", "?correlation_id=%22%20OR%20x", "?correlation_id=a*", "?organization=acme"])(
    "are not searched by %j",
    async (query) => {
      expect((await viewer.call(`/admin/v1/audit-events${query}`)).status).toBe(400);
    },
  );
});
