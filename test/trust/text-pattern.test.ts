import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { compileTextPattern } from "../../src/trust/text-pattern.ts";

describe("a pattern", () => {
  it.each([
    [String.raw`ACME-\d{4,8}`, "see ACME-12345.", "ACME-12345"],
    [String.raw`\bproject[ _-]?x\b`, "the project_x files", "project_x"],
    ["[A-Z]{2}[^0-9]{3}", "AB---", "AB---"],
    [String.raw`\$[a-z]{1,8}\.\[`, "$abc.[", "$abc.["],
  ])("%s is a regular expression", (source, text, match) => {
    const compiled = compileTextPattern(source);
    expect("flaw" in compiled ? compiled.flaw : text.match(compiled.expression)).toEqual([match]);
  });

  it.each([
    "(a+)+",
    "a+",
    "a*",
    "a|b",
    "(?:a)",
    "(?=a)",
    "^a",
    "a$",
    String.raw`\1`,
    String.raw`\p{L}`,
    "[a",
    "a{1,}",
    "a{3,2}",
    "{2}",
    "",
    String.raw`\b`,
    "a{0,50}b{0,50}",
    "a{0,999}",
    String.raw`a\x`,
  ])("%s is none", (source) => {
    expect(compileTextPattern(source)).toHaveProperty("flaw");
  });

  it("costs at each place of a text no more than it may", () => {
    const compiled = compileTextPattern("a{0,15}b{0,15}");
    expect("cost" in compiled && compiled.cost <= LIMITS.patternCost).toBe(false);
    expect(compileTextPattern("[a-z]{1,20}@")).toMatchObject({ cost: 21 * 20 });
  });
});
