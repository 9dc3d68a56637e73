import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { compileCallExpression, compileExpression } from "../../src/policy/expression.ts";

function flawIn(text: string): string | null {
  const compiled = compileCallExpression(text);
  return typeof compiled === "function" ? null : compiled.flaw;
}

const BOTH_SIDES = /on both sides$/;
const IN_A_LOOP = /^within a loop over/;
const NESTED = /may not stand within one another: /;

describe("an expression over a call's arguments", () => {
  it.each([
    'arguments.path.startsWith("/home/" + subject)',
    'arguments.text.contains("secret")',
    "subject.contains(arguments.name)",
    "arguments.name in groups",
    "arguments.key in arguments.map",
    'arguments.paths.all(p, p.startsWith("/public/") && !p.contains(".."))',
    "arguments.items.all(i, i.owner == arguments.owner && i.path.startsWith(arguments.folder))",
    "arguments.items.all(i, has(i.owner) ? i.owner == subject : false)",
    "arguments.items.exists(i, i in groups)",
    "groups.exists(g, arguments.text.contains(g))",
    "groups.exists(g, g in arguments.groups)",
    "cel.bind(p, arguments.path, p.startsWith('/public/') && !p.contains('..'))",
    'arguments.text.split(",").size() < 5',
  ])("may be %s", (text) => {
    expect(flawIn(text)).toBeNull();
  });

  it.each([
    "arguments.text.contains(arguments.word)",
    "arguments.text.indexOf(arguments.word) >= 0",
    "arguments.text.lastIndexOf(arguments.word) >= 0",
    "arguments.text.split(arguments.word).size() > 1",
    'arguments.words.join(arguments.word) == ""',
    "arguments['text'].contains(\"a\" + arguments.word)",
    "arguments.texts.all(t, t.a.contains(t.b))",
    "cel.bind(w, arguments.word, arguments.text.contains(w))",
    "cel.bind(t, arguments, t.text.contains(t.word))",
    "cel.bind(t, arguments, cel.bind(w, t.word, t.text.contains(w)))",
    "arguments.texts.all(t, cel.bind(a, t.a, a.contains(t.b)))",
    "[arguments.text][0].contains(arguments.word)",
    "groups.exists(g, (g + arguments.text).contains(arguments.word))",
  ])("looks for nothing of theirs in anything of theirs: %s", (text) => {
    expect(flawIn(text)).toMatch(BOTH_SIDES);
  });

  it.each([
    "arguments.words.all(w, w in arguments.others)",
    'arguments.words.all(w, arguments.text.contains("a"))',
    "arguments.words.all(w, size(arguments.text) > 1)",
    "arguments.words.all(w, arguments.text.size() > 1)",
    'arguments.words.all(w, w == arguments.text + "a")',
    "arguments.words.all(w, w == string(arguments.text))",
    "arguments.words.all(w, [arguments.text] == [w])",
    "arguments.words.all(w, {'a': arguments.text} == {'a': w})",
    "arguments.words.all(w, cel.bind(t, arguments.text, t.contains('a')))",
    "cel.bind(t, arguments.text, arguments.words.all(w, t.contains('a')))",
    "arguments.words.filter(w, w in arguments.others).size() > 0",
    "arguments.words.map(w, w + arguments.text).size() > 0",
    "arguments.words.map(w, arguments.text).all(t, t.contains('a'))",
    "cel.bind(t, arguments.text, arguments.words.map(w, t).all(u, u.contains('a')))",
    "arguments.words.exists_one(w, w in arguments.others)",
    "arguments.words.exists(w, w in arguments.others)",
  ])("does no work on the whole for each item: %s", (text) => {
    expect(flawIn(text)).toMatch(IN_A_LOOP);
  });

  it.each([
    "arguments.a.all(x, x.all(y, y == 1))",
    "groups.exists(g, arguments.a.exists(x, x == g))",
    "arguments.a.map(x, x.filter(y, y == 1)).size() > 0",
    "arguments.a.map(x, x.all(y, y == 1), x).size() > 0",
  ])("has no loop within a loop: %s", (text) => {
    expect(flawIn(text)).toMatch(NESTED);
  });

  it("may have one loop beside another, and one over what another gives", () => {
    expect(flawIn("arguments.a.all(x, x == 1) && arguments.b.all(x, x == 1)")).toBeNull();
    expect(flawIn("arguments.a.filter(x, x == 1).all(y, y == 1)")).toBeNull();
  });
});

describe("an expression that was compiled before", () => {
  it("is not compiled again, and neither is one that is no expression", () => {
    expect(compileCallExpression('name == "a"')).toBe(compileCallExpression('name == "a"'));
    expect(compileCallExpression("name ==")).toBe(compileCallExpression("name =="));
    expect(compileCallExpression('client == "a"')).not.toBe(compileExpression('client == "a"'));
  });

  it("means the same after more of them than are remembered", () => {
    const texts = Array.from({ length: LIMITS.expressionsRemembered + 1 }, (_, at) => `client == "${at}"`);
    const compiled = texts.map((text) => compileExpression(text));
    expect(compileExpression('client == "0"')).toBeTypeOf("function");
    expect(compiled.every((expression) => typeof expression === "function")).toBe(true);
    expect(compileExpression(texts.at(-1) ?? "")).toBe(compiled.at(-1));
  });
});
