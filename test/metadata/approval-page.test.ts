import { describe, expect, it } from "vitest";
import { makeApprovalId } from "../../src/approval/approval-id.ts";
import { explainApproval } from "../../src/metadata/approval-page.ts";

function open(path: string): Response {
  return explainApproval(new Request(`https://mcp.example.com${path}`));
}

describe("the page of a held call", () => {
  it("says what it waits for, and has nothing on it that decides, runs or could be framed", async () => {
    const id = makeApprovalId("acme");
    const response = open(`/approvals/${id}`);
    const page = await response.text();
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'; frame-ancestors 'none'");
    expect(page).toContain(`crossgate approval show ${id}`);
    expect(page).not.toMatch(/<(?:form|button|script|a|input|img)\b/i);
  });

  it.each([
    "/approvals/",
    "/approvals/acme",
    "/approvals/<b>~AAAAAAAAAAAAAAAAAAAAAA",
    "/approvals/acme~%3Cscript%3EAAAAAAAA",
    "/approvals/%",
  ])("is none for what is no id: %s", async (path) => {
    const response = open(path);
    expect([response.status, await response.text()]).toEqual([404, '{"error":"not_found"}']);
  });
});
