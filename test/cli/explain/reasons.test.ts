import { describe, expect, it } from "vitest";
import { GATEWAY_REASONS } from "../../../cli/explain/gateway-reasons.ts";
import { OUTAGE_REASONS } from "../../../cli/explain/outage-reasons.ts";
import { REDEMPTION_REASONS } from "../../../cli/explain/redemption-reasons.ts";
import { describeReason, isReason } from "../../../cli/explain/reasons.ts";
import { TOKEN_REQUEST_REASONS } from "../../../cli/explain/token-request-reasons.ts";

const all = Object.keys({ ...TOKEN_REQUEST_REASONS, ...REDEMPTION_REASONS, ...GATEWAY_REASONS, ...OUTAGE_REASONS });

describe("describeReason", () => {
  it.each(all.filter(isReason))("says in one sentence each what %s means and what mends it", (reason) => {
    const { meaning, fix } = describeReason(reason);
    for (const sentence of [meaning, fix]) {
      expect(sentence).toMatch(/^[A-Z].{10,160}[.)]$/);
      expect(sentence).not.toContain("\n");
    }
  });
});

describe("isReason", () => {
  it.each([
    ["fault", true],
    ["policy_denied", true],
    ["toString", false],
    ["", false],
  ])("%s: %s", (text, expected) => {
    expect(isReason(text)).toBe(expected);
  });
});
