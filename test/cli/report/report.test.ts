import { describe, expect, it } from "vitest";
import { command } from "../../../cli/commands/report.ts";
import { UsageError } from "../../../cli/command-error.ts";
import { type AccessReview, makeReview } from "../../../cli/report/access-review.ts";
import { reviewPage } from "../../../cli/report/review-page.ts";
import type { AuditEvent } from "../../../src/audit/audit-event.ts";
import { IndexFixture } from "../inventory/index-fixture.ts";

const SERVER = "https://mcp.example.com/files";

function use(at: string, facts: Partial<AuditEvent> = {}) {
  const known = { client_id: "agent", resource: SERVER, subject: "ada", principal: "usr_ada" };
  return { at, organization: "acme", policy_rules: ["readers"], policy_revision: "rev-1", ...known, ...facts };
}

function change(at: string, facts: Partial<AuditEvent>) {
  return { at, type: "admin_action", admin: "ci", operation: "write_document", ...facts } as const;
}

function review(
  fixture: IndexFixture,
  changes: { organization?: string; withPeople?: boolean } = {},
): Promise<AccessReview> {
  return makeReview(fixture.reader, {
    name: "the deployment",
    organization: undefined,
    fromDay: "2026-11-01",
    toDay: "2026-12-01",
    withPeople: true,
    where: "--remote",
    nowMilliseconds: Date.UTC(2026, 11, 1),
    ...changes,
  });
}

async function quarter(): Promise<IndexFixture> {
  const fixture = new IndexFixture();
  await fixture.index(
    use("2026-10-31T23:59:59.999Z", { client_id: "before" }),
    use("2026-11-01T00:00:00Z"),
    use("2026-12-01T00:00:00Z", { client_id: "after" }),
    use("2026-11-03T00:00:00Z", { organization: "globex" }),
    change("2026-11-02T00:00:00Z", { action: "changed", document_key: "policy:acme", revision_after: "rev-2" }),
    change("2026-11-02T00:00:01Z", { action: "changed", document_key: "policy:globex", revision_after: "rev-3" }),
    change("2026-11-02T00:00:02Z", { action: "read", document_key: "policy:acme" }),
    change("2026-12-02T00:00:00Z", { action: "changed", document_key: "policy:acme" }),
    { at: "2026-11-01T12:00:00Z", type: "revocation", action: "revoked", decision: "done", client_id: "agent" },
    { at: "2026-11-05T12:00:00Z", type: "configuration", action: "changed", decision: "done", document_key: "idp:x" },
  );
  return fixture;
}

describe("crossgate report", () => {
  it("has the connections and the changes of its period, and nobody's reading", async () => {
    const { connections, changes, changes_complete } = await review(await quarter());
    expect(connections.map(({ organization, client_id }) => [organization, client_id])).toEqual([
      ["acme", "agent"],
      ["globex", "agent"],
    ]);
    expect(changes.map(({ time, action }) => [time, action])).toEqual([
      ["2026-11-01T12:00:00.000Z", "revoked"],
      ["2026-11-02T00:00:00.000Z", "changed"],
      ["2026-11-02T00:00:01.000Z", "changed"],
      ["2026-11-05T12:00:00.000Z", "changed"],
    ]);
    expect(changes_complete).toBe(true);
  });

  it("of one organization says nothing of another's, and what concerns them all", async () => {
    const { connections, changes } = await review(await quarter(), { organization: "acme" });
    expect(connections.map(({ organization }) => organization)).toEqual(["acme"]);
    const keys = changes.map(({ document_key }) => document_key);
    expect(keys).toEqual([undefined, "policy:acme", "idp:x"]);
  });

  it("is a page that stands alone and runs nothing, whatever a client is called [J10]", async () => {
    const fixture = new IndexFixture();
    const hostile = `<script>alert(1)</script><img src=x onerror="a">'&\u202e`;
    await fixture.index(
      use("2026-11-01T00:00:00Z", { client_id: hostile, organization: hostile, subject: hostile }),
      change("2026-11-02T00:00:00Z", { action: "changed", document_key: hostile, admin: hostile }),
    );
    const page = reviewPage(await review(fixture));
    expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(page).not.toMatch(/<script|<img|\u202e|onerror="/);
    expect(page).not.toMatch(/<[^>]*(?:src|href)=/);
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
  });

  it("says so where nothing was granted and nothing changed", async () => {
    const page = reviewPage(await review(new IndexFixture()));
    expect(page).toContain("Nothing was granted to anybody.");
    expect(page).toContain("<p>None.</p>");
  });

  it("has a place for each reviewer's word, and people where they are asked for", async () => {
    const named = reviewPage(await review(await quarter()));
    expect(named).toContain("Keep? Who, when");
    expect(named).toContain("<h2>People</h2>");
    expect(reviewPage(await review(await quarter(), { withPeople: false }))).not.toContain("usr_ada");
  });

  it.each([
    [[]],
    [["--from", "2026-11-01"]],
    [["--from", "2026-11-02", "--to", "2026-11-02"]],
    [["--from", "2026-11-01", "--to", "soon"]],
    [["--from", "2026-11-01", "--to", "2026-12-01", "--json", "--csv"]],
  ])("%j is wrong usage", async (commandLine) => {
    await expect(command.run(commandLine)).rejects.toBeInstanceOf(UsageError);
  });
});
