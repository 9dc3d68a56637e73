import { describe, expect, it } from "vitest";
import { compileCallExpression, compileExpression } from "../../src/policy/expression.ts";

/** What both languages say of it: what holds up a decision does so in either. */
function flawIn(text: string): string | null {
  const [flaw, flawOfCall] = [compileExpression(text), compileCallExpression(text)].map((compiled) =>
    typeof compiled === "function" ? null : compiled.flaw,
  );
  expect(flawOfCall).toBe(flaw);
  return flaw ?? null;
}

describe("an expression, about a call or not", () => {
  it.each([
    'groups.exists(g, g.startsWith("eng-")) && client != "browser-agent"',
    "groups.exists(g, g in scope)",
    'groups.exists(g, g == "team-" + client)',
    'groups.filter(g, g.startsWith("eng-")).exists(g, g.endsWith("-lead"))',
    'groups.all(g, g != "x") && scope.all(s, s != "y")',
    'groups.map(g, g + "@" + client).size() > 2',
    'cel.bind(d, email_domain, d == "acme.example" || d.endsWith(".acme.example"))',
    "cel.bind(wanted, groups, wanted.exists(g, g in wanted))",
  ])("may be %s", (text) => {
    expect(flawIn(text)).toBeNull();
  });

  it.each([
    'groups.all(a, groups.all(b, groups.all(c, a + b + c != "")))',
    "groups.exists(a, scope.exists(b, a == b))",
    "groups.map(a, groups.filter(b, a == b)).size() > 0",
  ])("has no loop within a loop, and says what to write: %s", (text) => {
    expect(flawIn(text)).toMatch(/may not stand within one another: ask for the inner one with in/);
  });

  it.each([
    "groups.map(g, g + g).map(g, g + g).map(g, g + g).size() > 0",
    'groups.map(g, [g, g]).map(g, [g, g]).exists(g, g == [["a", "a"], ["a", "a"]])',
    'groups.map(g, groups).all(g, "x" in g)',
    'groups.map(g, g + g).filter(g, true).exists(g, g == "")',
  ])("does not double from map to map: %s", (text) => {
    expect(flawIn(text)).toMatch(/^no loop may go over what map gives: say in the loop itself/);
  });

  it.each([
    'cel.bind(a, subject + subject, cel.bind(b, a + a, cel.bind(c, b + b, c == "x")))',
    "cel.bind(a, [subject], cel.bind(b, [a, a], b == [a, a]))",
    'cel.bind(a, cel.bind(b, subject + subject, b + b), a + a == "x")',
    'groups.exists(g, cel.bind(a, g + g, cel.bind(b, a + "x", b == g)))',
  ])("does not double from name to name: %s", (text) => {
    expect(flawIn(text)).toMatch(/^cel\.bind may not stand within cel\.bind: write the value/);
  });

  it("gives no name to what a loop gives", () => {
    expect(flawIn("cel.bind(a, groups.map(g, groups), groups.map(g, a) == groups.map(g, a))")).toMatch(
      /^cel\.bind may not name what a loop gives: write the loop/,
    );
  });

  it.each([
    "groups.exists(g, (groups + groups + groups).size() > 0)",
    'groups.exists(g, groups.join("").contains(g))',
    "groups.map(g, [groups, groups]).size() > 0",
    'groups.map(g, {"a": groups}).size() > 0',
    "cel.bind(a, subject + subject, groups.map(g, a + a).size() > 0)",
    "groups.filter(g, amr + amr == amr).size() > 0",
    "groups.filter(g, scope + scope == scope).size() > 0",
  ])("makes nothing of a whole list for each item of another: %s", (text) => {
    expect(flawIn(text)).toMatch(/^within a loop, a whole list or a name of cel\.bind may be looked into/);
  });

  it("makes nothing of a call's arguments for each group of a person", () => {
    const compiled = compileCallExpression('groups.exists(g, (arguments.a + arguments.b).contains("x"))');
    expect(compiled).toMatchObject({ flaw: expect.stringMatching(/^within a loop, a whole list/) });
  });
});
