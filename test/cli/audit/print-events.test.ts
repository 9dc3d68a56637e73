import { describe, expect, it } from "vitest";
import { CSV_HEADER, toCsv, toLine } from "../../../cli/audit/print-events.ts";

describe("a line of CSV", () => {
  it("has a cell for each of the header's names", () => {
    expect(toCsv({ subject: "ada", decision: "granted", policy_rules: ["a", "b"] }).split(",")).toHaveLength(
      CSV_HEADER.split(",").length,
    );
  });

  // J10: a spreadsheet would take these for formulas.
  it.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])("makes no formula of %j", (subject) => {
    expect(toCsv({ subject })).toMatch(/,"?'/);
  });

  it("keeps what holds a comma, a quote or a line end in one cell", () => {
    expect(toCsv({ subject: 'a,"b"\n' })).toContain('"a,""b""\n"');
  });
});

describe("a line for people", () => {
  // J10: neither escape sequences nor a turn of direction reach the terminal.
  it.each(["\u001b[2J", "\u202e", "\u0007", "\u009b", "\n"])("shows %j as a sign that something is there", (text) => {
    const line = toLine({ subject: `ada${text}` });
    expect(line).not.toContain(text);
    expect(line).toContain("ada\u{fffd}");
  });
});
