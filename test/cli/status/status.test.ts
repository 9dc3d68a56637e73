import { describe, expect, it } from "vitest";
import type { HealthFinding } from "../../../src/admin/health-finding.ts";
import { AuditIndexMissing } from "../../../cli/backend/audit-index-missing.ts";
import { SqlAuditReader } from "../../../cli/backend/audit-reader.ts";
import type { SignalStream } from "../../../cli/backend/trust-backend.ts";
import { describeStatus, readStatus } from "../../../cli/status/status.ts";
import { earliestPlace } from "../../../src/audit/place.ts";
import { acmeFiles, DEPLOYMENT, stored } from "../acme-fixture.ts";

const NOW = Date.parse("2026-11-21T08:00:00Z");

function backendWith(documents: ReturnType<typeof stored>, query: (sql: string) => Promise<Record<string, unknown>[]>) {
  return {
    name: "the deployment",
    readDocuments: async () => documents,
    readHealth: async (): Promise<readonly HealthFinding[] | null> => null,
    readSignalStreams: async (): Promise<readonly SignalStream[] | null> => null,
    audit: new SqlAuditReader(query),
  };
}

const quiet = async (sql: string) => (sql.includes("SELECT time") ? [{ time: null }] : []);

describe("readStatus", () => {
  it("counts documents and the decisions of the last hour", async () => {
    const asked: string[] = [];
    const backend = backendWith(stored(acmeFiles()), async (sql) => {
      asked.push(sql);
      if (sql.includes("SELECT time")) return [{ time: "2026-11-21T07:59:00.000Z" }];
      return [
        { decision: "granted", events: 7 },
        { decision: "refused", events: 2 },
      ];
    });
    expect(describeStatus(await readStatus(backend, DEPLOYMENT, NOW))).toBe(`the deployment
  documents    idp 1, client 1, resource 1, tools 0, policy 1, sink 0
  last event   2026-11-21T07:59:00.000Z
  last hour    granted 7, refused 2
  health       unknown here: ask a running Crossgate (--url)
`);
    expect(asked.at(-1)).toContain(`place >= ${earliestPlace(Date.UTC(2026, 10, 21, 7))}`);
  });

  it("names what does not parse by key, path and reason", async () => {
    const broken = { key: "policy:globex", value: '{"organization":"globex","rules":7}', path: "" };
    const status = await readStatus(backendWith([...stored(acmeFiles()), broken], quiet), DEPLOYMENT, NOW);
    expect(status.broken).toEqual([{ key: "policy:globex", path: "rules", reason: expect.stringContaining("array") }]);
    expect(describeStatus(status)).toContain("broken       policy:globex: rules: ");
    expect(describeStatus(status)).toContain("last event   none\n  last hour    nothing");
  });

  it("says how providers' events come, in text that steers no terminal", async () => {
    const stream = {
      issuer: "https://idp.example",
      verified_at: "2026-11-21T07:00:00.000Z",
      verification_state: "asked",
      status: "paused",
      status_reason: "\u001b[31mred",
      polled_at: "2026-11-21T07:59:00.000Z",
      poll_failure: "status 401",
    };
    const backend = { ...backendWith([], quiet), readSignalStreams: async () => [stream] };
    expect(describeStatus(await readStatus(backend, DEPLOYMENT, NOW))).toContain(
      "  signals      https://idp.example: verified 2026-11-21T07:00:00.000Z (asked), paused (\u{fffd}[31mred), " +
        "polled 2026-11-21T07:59:00.000Z: status 401\n",
    );
  });

  it("goes on without an audit index, and without anything else does not", async () => {
    const missing = backendWith([], async () => {
      throw new AuditIndexMissing("none yet");
    });
    expect(describeStatus(await readStatus(missing, DEPLOYMENT, NOW))).toContain("audit        no index yet");
    const failing = backendWith([], async () => {
      throw new TypeError("broken");
    });
    await expect(readStatus(failing, DEPLOYMENT, NOW)).rejects.toThrow("broken");
  });

  it("tells what somebody should look at, in words that steer no terminal", async () => {
    const finding = {
      severity: "alert",
      what: "document_broken",
      says: "policy:x\u001b[2J is broken.",
      fix: "Mend it.",
    } as const;
    const backend = { ...backendWith([], quiet), readHealth: async () => [finding] };
    const text = describeStatus(await readStatus(backend, DEPLOYMENT, NOW));
    expect(text).toContain("  alert        policy:x\u{fffd}[2J is broken. Mend it.");
    const well = { ...backend, readHealth: async () => [] };
    expect(describeStatus(await readStatus(well, DEPLOYMENT, NOW))).toContain("health       nothing to look at");
  });
});
