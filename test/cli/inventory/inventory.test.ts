import { describe, expect, it } from "vitest";
import { command } from "../../../cli/commands/inventory.ts";
import { spellStatement } from "../../../cli/backend/spell-statement.ts";
import { CommandError, UsageError } from "../../../cli/command-error.ts";
import { everyConnection, type ListedConnection, quoteWord } from "../../../cli/inventory/every-connection.ts";
import { parseDay } from "../../../cli/inventory/period.ts";
import { connectionToCsv, csvHeader, describeConnection } from "../../../cli/inventory/print-connections.ts";
import type { AuditEvent } from "../../../src/audit/audit-event.ts";
import { IndexFixture } from "./index-fixture.ts";

const SERVER = "https://mcp.example.com/files";

function use(at: string, facts: Partial<AuditEvent> = {}) {
  const known = {
    client_id: "agent",
    resource: SERVER,
    subject: "ada",
    principal: "usr_ada",
    scope_granted: "files:read",
  };
  return { at, organization: "acme", policy_rules: ["readers"], policy_revision: "rev-1", ...known, ...facts };
}

async function list(fixture: IndexFixture, withPeople = false): Promise<readonly ListedConnection[]> {
  const listed: ListedConnection[] = [];
  const all = { fromDay: null, toDay: null, after: null, where: "--state s", withPeople };
  for await (const connection of everyConnection(fixture.reader, all)) listed.push(connection);
  return listed;
}

describe("crossgate inventory", () => {
  it("says of each connection who approved it, how it was used, and the command that stops it", async () => {
    const fixture = new IndexFixture();
    await fixture.index(
      use("2026-11-01T09:00:00Z"),
      use("2026-11-02T09:00:00Z", { principal: "usr_bob", subject: "bob" }),
    );
    const [connection] = await list(fixture, true);
    expect(connection === undefined ? "" : describeConnection(connection)).toBe(`acme  agent  ${SERVER}
  used      2026-11-01T09:00:00.000Z to 2026-11-02T09:00:00.000Z by 2 people: 2 tokens, 0 calls; 0 refused, 0 failed
  scopes    files:read
  approved  readers of policy:acme at rev-1 (2026-11-01 to 2026-11-02)
  person    ada  usr_ada  2026-11-01 to 2026-11-01
  person    bob  usr_bob  2026-11-02 to 2026-11-02
  stop      npx crossgate revoke connection acme agent ${SERVER} --reason WORD --state s

`);
  });

  it("reads every page of connections, and of their people", async () => {
    const fixture = new IndexFixture();
    const many = Array.from({ length: 101 }, (_, at) => use("2026-11-01T09:00:00Z", { client_id: `agent-${at}` }));
    const people = Array.from({ length: 501 }, (_, at) => use("2026-11-01T09:00:00Z", { principal: `usr_${at}` }));
    await fixture.index(...many, ...people);
    const listed = await list(fixture, true);
    expect(listed).toHaveLength(102);
    expect(listed[0]?.people_served).toHaveLength(501);
  });

  it("writes CSV with a line for each connection, or for each of its people", async () => {
    const fixture = new IndexFixture();
    await fixture.index(
      use("2026-11-01T09:00:00Z"),
      use("2026-11-02T09:00:00Z", { principal: "usr_bob", subject: "=1+1" }),
    );
    const [plain] = await list(fixture);
    const [named] = await list(fixture, true);
    if (plain === undefined || named === undefined) throw new Error("no connection");
    expect(connectionToCsv(plain)).toHaveLength(1);
    expect(connectionToCsv(plain)[0]?.split(",")).toHaveLength(csvHeader(false).split(",").length);
    const lines = connectionToCsv(named);
    expect(lines).toHaveLength(2);
    expect(lines[1]?.split(",")).toHaveLength(csvHeader(true).split(",").length);
    // J10: a spreadsheet would take it for a formula.
    expect(lines.join("\n")).toContain(",'=1+1,");
  });

  // A copied command must not run what a client was called.
  it.each(["a; rm -rf ~", "$(id)", "`id`", "a'b", "--yes", "a b", "a\nb", "é"])(
    "quotes %j in it for the shell",
    (name) => {
      expect(quoteWord(name)).toBe(`'${name.replaceAll("'", "'\\''")}'`);
    },
  );

  // What wrangler executes is text: whatever is asked for must stay a text in it.
  it.each(["'; DROP TABLE audit_event; --", "' OR 1=1 --", "?1", "$1", "$&"])(
    "asked about %j finds nothing else",
    async (name) => {
      const fixture = new IndexFixture();
      await fixture.index(use("2026-11-01T09:00:00Z"), use("2026-11-01T09:00:00Z", { organization: name }));
      const asked = { organization: name, fromDay: null, toDay: null, after: null, limit: 10 };
      const { connections } = await fixture.reader.readInventory(asked);
      expect(connections.map(({ organization }) => organization)).toEqual([name]);
    },
  );

  it("asks nothing with a NUL in it, where SQLite would end the statement", () => {
    expect(() => spellStatement({ sql: "SELECT ?1", values: ["a\u0000b"] })).toThrow(CommandError);
  });

  it.each([
    [["surplus"]],
    [["--json", "--csv"]],
    [["--from", "yesterday"]],
    [["--to", "2026-02-30"]],
    [["--limit", "0"]],
    [["--limit", "many"]],
  ])("%j is wrong usage", async (commandLine) => {
    await expect(command.run(commandLine)).rejects.toBeInstanceOf(UsageError);
  });

  it("counts days as the calendar does", () => {
    expect(parseDay("--from", "2028-02-29")).toBe("2028-02-29");
    expect(() => parseDay("--from", "2026-02-29")).toThrow("--from 2026-02-29");
  });
});
