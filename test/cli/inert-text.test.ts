import { describe, expect, it } from "vitest";
import { describeFinding } from "../../cli/check/finding.ts";
import { describePlan } from "../../cli/diff/describe-plan.ts";
import type { Plan } from "../../cli/diff/plan.ts";
import { inert, inertLines } from "../../cli/inert-text.ts";

/** Clears the screen, twice over, and turns what follows around. */
const HOSTILE = "a\u001b[2J\u009b2J\u202eb";
const SHOWN = "a\u{fffd}[2J\u{fffd}2J\u{fffd}b";

describe("text that others wrote", () => {
  it("steers no terminal and has no second line", () => {
    expect(inert(`${HOSTILE}\nc`)).toBe(`${SHOWN}\u{fffd}c`);
  });

  it("keeps the lines that it has of its own, and its tabs", () => {
    expect(inertLines(`${HOSTILE}\n\tc 🙂\n\n${HOSTILE}\r`)).toBe(`${SHOWN}\n\tc 🙂\n\n${SHOWN}\u{fffd}`);
  });
});

describe("what is shown of a document that somebody proposes", () => {
  it("is inert in what is found in it, wherever it quotes", () => {
    const finding = { severity: "error", file: HOSTILE, at: HOSTILE, problem: HOSTILE, fix: HOSTILE } as const;
    expect(describeFinding(finding)).toBe(`error  ${SHOWN}: ${SHOWN}: ${SHOWN}\n         ${SHOWN}`);
  });

  it("is inert in what would change", () => {
    const access: Plan["access"] = {
      compared: 1,
      possible: 1,
      calls_left_out: 0,
      arguments_decide: false,
      changes: [],
      guardrails: [{ change: "stricter", resource: HOSTILE, guardrail: HOSTILE, note: HOSTILE }],
    };
    const text = describePlan({
      where: "the deployment",
      documents: [{ change: "added", key: HOSTILE, path: HOSTILE, members: [HOSTILE] }],
      kept: [HOSTILE],
      broken: [{ key: HOSTILE, path: HOSTILE, reason: HOSTILE }],
      access,
    });
    expect(text.split(SHOWN)).toHaveLength(11);
    expect(["\u001b", "\u009b", "\u202e"].filter((sign) => text.includes(sign))).toEqual([]);
  });
});
