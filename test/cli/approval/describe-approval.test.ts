import { describe, expect, it } from "vitest";
import {
  describeApproval,
  type ShownApproval,
  toApprovalLine,
  visible,
} from "../../../cli/approval/describe-approval.ts";

const APPROVAL: ShownApproval = {
  id: "acme~AAAAAAAAAAAAAAAAAAAAAA",
  state: "pending",
  organization: "acme",
  requester: { issuer: "https://idp.example.com", tenant: null, sub: "ada" },
  actor: null,
  client_id: "agent",
  resource: "https://mcp.example.com/crm",
  tool: "pay",
  argument_names: ["amount"],
  call_sha256: "00ff",
  call: null,
  rules: [{ rule: "held", approvers: "any" }],
  asked_at: "2026-11-21T10:00:00.000Z",
  expires_at: "2026-11-21T10:05:00.000Z",
  decided_by: null,
  obstacle: null,
};

describe("an approval on the terminal", () => {
  it("says who, through what, what, and until when", () => {
    const text = describeApproval(APPROVAL);
    for (const part of [
      "ada at https://idp.example.com",
      "agent",
      "pay",
      "not shown; arguments: amount",
      "00ff",
      "held",
      "10:05",
    ])
      expect(text).toContain(part);
    expect(toApprovalLine(APPROVAL)).toMatch(/^acme~A+ {2}ada {2}agent {2}pay /);
    expect(describeApproval({ ...APPROVAL, call: '{"amount":5}' })).toContain('{"amount":5}');
    expect(describeApproval({ ...APPROVAL, obstacle: "own_request" })).toContain("you asked for this call yourself");
  });

  it.each([
    ["\u001b[2K", "an escape sequence"],
    ["\u202e", "a turn of direction"],
    ["\u200b", "a space of no width"],
    ["\u3164", "a letter that shows nothing"],
    ["\u{e0041}", "a tag"],
    ["\u00a0", "another space"],
    ["\n", "a line end"],
    ["\ufe0f", "a variation"],
  ])("hides nothing and is steered by nothing: %j, %s", (hidden) => {
    const shown = describeApproval({ ...APPROVAL, call: `{"to":"bob${hidden}eve"}`, tool: `pay${hidden}` });
    expect(shown).not.toContain(`bob${hidden}`);
    expect(shown).toMatch(/bob\\u\{[0-9a-f]+\}/);
    expect(toApprovalLine({ ...APPROVAL, tool: `pay${hidden}` })).not.toContain(hidden);
  });

  it("leaves ordinary letters of any language as they are", () => {
    expect(visible("Zoë 山田 😀 {}")).toBe("Zoë 山田 😀 {}");
  });
});
