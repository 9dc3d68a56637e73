import { afterEach, describe, expect, it, vi } from "vitest";
import { KnownTools, type SeenTools } from "../../src/gateway/known-tools.ts";
import { LIMITS } from "../../src/limits.ts";
import { UNANNOTATED } from "../../src/policy/tool-annotations.ts";

afterEach(() => vi.useRealTimers());

const tools = (...names: readonly string[]): SeenTools =>
  new Map(names.map((name) => [name, { fingerprint: `of ${name}`, annotations: UNANNOTATED, mirrored: [] }]));
const many = (count: number): SeenTools => tools(...Array.from({ length: count }, (_none, index) => `tool-${index}`));

describe("what is known of tools", () => {
  it("is what was seen in the same view, and says nothing about another", () => {
    const known = new KnownTools();
    known.learn("a", tools("read"), false);
    expect(known.find("a", "read")).toMatchObject({ fingerprint: "of read" });
    expect([known.find("a", "write"), known.find("b", "read")]).toEqual([null, null]);
  });

  it("says that a tool is not there only by a whole list, and of the latest", () => {
    const known = new KnownTools();
    known.learn("a", tools("read", "write"), true);
    known.learn("a", tools("read"), true);
    expect([known.find("a", "write"), known.find("a", "other")]).toEqual(["absent", "absent"]);
  });

  it("is known for a minute, a page at a time", () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const known = new KnownTools();
    known.learn("a", tools("read"), true);
    vi.setSystemTime(Date.now() + LIMITS.toolListFreshMilliseconds - 1);
    known.learn("a", tools("write"), false);
    expect(known.find("a", "other")).toBe("absent");
    vi.setSystemTime(Date.now() + 1);
    expect([known.find("a", "read"), known.find("a", "other")]).toEqual([null, null]);
    expect(known.find("a", "write")).not.toBeNull();
  });

  it("is so much at most, and what was heard of last goes last", () => {
    const known = new KnownTools();
    const perView = LIMITS.listItems;
    const views = LIMITS.toolsKnown / perView;
    const page = many(perView);
    for (let view = 0; view < views; view += 1) known.learn(`view-${view}`, page, true);
    known.learn("view-0", page, true);
    expect(known.find("view-1", "tool-0")).not.toBeNull();
    known.learn("one more", tools("read"), true);
    expect([known.find("view-1", "tool-0"), known.find("view-0", "tool-0")]).toEqual([null, expect.anything()]);
  });

  it("is of so many views at most, though none of them has a tool", () => {
    const known = new KnownTools();
    for (let view = 0; view <= LIMITS.toolViewsKnown; view += 1) known.learn(`view-${view}`, tools(), true);
    expect([known.find("view-0", "x"), known.find("view-1", "x")]).toEqual([null, "absent"]);
  });

  it("is forgotten on demand, and counts for nothing then", () => {
    const known = new KnownTools();
    known.learn("a", tools("read"), true);
    known.forget("a");
    known.forget("a");
    expect(known.find("a", "read")).toBeNull();
  });
});
