import { describe, expect, it } from "vitest";
import type { Approver, SubjectAtIssuer } from "../../src/approval/approval.ts";
import { findObstacle } from "../../src/approval/may-decide.ts";

const ADA: SubjectAtIssuer = { issuer: "https://idp.example.com", tenant: null, sub: "ada" };
const BOB: SubjectAtIssuer = { ...ADA, sub: "bob" };
const bob: Approver = { name: "bob", groups: ["leads"], subjects: [BOB] };
interface Named {
  readonly admins: string[];
  readonly groups: string[];
  readonly subjects: SubjectAtIssuer[];
}
const NOBODY: Named = { admins: [], groups: [], subjects: [] };

function obstacle(approvers: "any" | Partial<Named>, approver: Approver = bob, requester: SubjectAtIssuer = ADA) {
  const named = approvers === "any" ? approvers : { ...NOBODY, ...approvers };
  return findObstacle({ demands: [{ rule: "held", approvers: named }], requester }, approver, false);
}

describe("who may decide", () => {
  it.each<[string, "any" | object]>([
    ["any approver", "any"],
    ["him by name", { admins: ["bob"] }],
    ["a group of his", { groups: ["others", "leads"] }],
    ["a subject of his", { subjects: [ADA, BOB] }],
  ])("is whom the rule names: %s", (_how, approvers) => {
    expect(obstacle(approvers)).toBeNull();
  });

  it.each<[string, object]>([
    ["another name", { admins: ["Bob"] }],
    ["another group", { groups: ["bob", "lead"] }],
    ["another subject", { subjects: [ADA, { ...BOB, sub: "leads" }] }],
    ["the same name at another issuer", { subjects: [{ ...BOB, issuer: "https://other.example" }] }],
    ["the same name of a tenant that he does not state", { subjects: [{ ...BOB, tenant: "t-1" }] }],
    ["nobody", {}],
  ])("is nobody else: %s", (_how, approvers) => {
    expect(obstacle(approvers)).toBe("not_an_approver");
  });

  it("is named by every rule that holds the call", () => {
    const demands = [
      { rule: "one", approvers: "any" as const },
      { rule: "two", approvers: { ...NOBODY, groups: ["security"] } },
    ];
    expect(findObstacle({ demands, requester: ADA }, bob, false)).toBe("not_an_approver");
    expect(findObstacle({ demands, requester: ADA }, { ...bob, groups: ["leads", "security"] }, false)).toBeNull();
  });

  it("is never who asks, by whichever of his subjects", () => {
    expect(obstacle("any", { ...bob, subjects: [BOB, ADA] })).toBe("own_request");
    expect(obstacle({ admins: ["bob"] }, bob, BOB)).toBe("own_request");
    const demands = [{ rule: "held", approvers: "any" as const }];
    expect(findObstacle({ demands, requester: ADA }, bob, true)).toBe("own_request");
  });

  it("is never who may be the one who asks: without subjects, or with one whose tenant is left out", () => {
    expect(obstacle("any", { ...bob, subjects: [] })).toBe("unidentified");
    expect(obstacle("any", bob, { ...BOB, tenant: "t-1" })).toBe("own_request");
    const elsewhere = { ...bob, subjects: [{ ...BOB, tenant: "t-2" }] };
    expect(obstacle("any", elsewhere, { ...BOB, tenant: "t-1" })).toBeNull();
    expect(obstacle("any", elsewhere, BOB)).toBe("own_request");
    expect(obstacle("any", { ...bob, subjects: [{ ...BOB, issuer: "https://other.example" }] }, BOB)).toBeNull();
  });
});
