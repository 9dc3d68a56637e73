import { describe, expect, it } from "vitest";
import { makeAuditEvent } from "../../../src/audit/audit-event.ts";
import { SqlAuditReader } from "../../../cli/backend/audit-reader.ts";
import { describeRecord, explainRecords } from "../../../cli/explain/audit-record.ts";

const TRACE = {
  traceId: null,
  correlationId: "c-1",
  receivedAtMilliseconds: Date.parse("2026-11-21T08:00:00Z"),
  ray: null,
  colo: null,
};

function indexWith(...events: readonly object[]) {
  const asked: string[] = [];
  const query = async (sql: string) => {
    asked.push(sql);
    return events.map((event) => ({ event: JSON.stringify(event) }));
  };
  return { name: "the deployment", audit: new SqlAuditReader(query), asked };
}

describe("explainRecords", () => {
  it("tells a refusal in plain words, with its fix and who was involved", async () => {
    const facts = {
      reason: "policy_denied",
      check: "policy",
      client_id: "agent",
      organization: "acme",
      policy_rules: ["no-eve"],
    };
    const event = makeAuditEvent("e-1", TRACE, { type: "redemption", decision: "refused", ...facts });
    const [explained] = await explainRecords("c-1", indexWith(event));
    if (explained === undefined) throw new Error("there is a record");
    expect(explained).toMatchObject({ meaning: "A deny rule of the organization's policy selects this." });
    expect(describeRecord(explained)).toBe(`refused: policy_denied, at the check policy
  A deny rule of the organization's policy selects this.
  Fix: Narrow or remove that rule, if it is not meant.

  time          2026-11-21T08:00:00.000Z
  organization  acme
  client        agent
  rules         no-eve
`);
  });

  it("has nothing to mend in a grant", async () => {
    const event = makeAuditEvent("e-1", TRACE, { type: "redemption", decision: "granted", scope_granted: "a b" });
    const [explained] = await explainRecords("c-1", indexWith(event));
    expect(explained).toMatchObject({ meaning: null, fix: null });
    expect(explained === undefined ? "" : describeRecord(explained)).toContain("granted       a b");
  });

  it("shows a record of another version, and says which crossgate can explain it", async () => {
    const event = {
      time: "2027-01-01T00:00:00Z",
      type: "redemption",
      decision: "refused",
      reason: "from_the_future",
      check: null,
    };
    const [explained] = await explainRecords("c-1", indexWith(event));
    expect(explained?.fix).toContain("Use the version of crossgate that wrote this record");
  });

  it("says where else to look when there is none", async () => {
    await expect(explainRecords("c-1", indexWith())).rejects.toThrow("the deployment has no record under c-1");
  });

  it.each(["", "c 1", "c-1' OR '1'='1", "c".repeat(65)])("asks nothing about %j", async (correlationId) => {
    const index = indexWith();
    await expect(explainRecords(correlationId, index)).rejects.toThrow("is no correlation id");
    expect(index.asked).toEqual([]);
  });
});
