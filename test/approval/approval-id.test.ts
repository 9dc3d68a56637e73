import { describe, expect, it } from "vitest";
import { makeApprovalId, organizationOf } from "../../src/approval/approval-id.ts";

describe("the id of an approval", () => {
  it("says on whose desk it lies, and nobody could guess it", () => {
    const ids = Array.from({ length: 1000 }, () => makeApprovalId("Acme-1.x_y"));
    expect(new Set(ids).size).toBe(1000);
    expect(ids.every((id) => organizationOf(id) === "Acme-1.x_y")).toBe(true);
  });

  it.each([
    "",
    "acme",
    "acme~",
    "~AAAAAAAAAAAAAAAAAAAAAA",
    "acme~AAAAAAAAAAAAAAAAAAAAA",
    "acme~AAAAAAAAAAAAAAAAAAAAAAA",
    "a/b~AAAAAAAAAAAAAAAAAAAAAA",
    "acme~<AAAAAAAAAAAAAAAAAAAAA",
    "acme~AAAAAAAAAAAAAAAAAAAAAA\n",
    `${"a".repeat(65)}~AAAAAAAAAAAAAAAAAAAAAA`,
  ])("is nothing else: %j", (text) => {
    expect(organizationOf(text)).toBeNull();
  });
});
