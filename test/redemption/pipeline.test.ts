import { describe, expect, it } from "vitest";
import { Outage } from "../../src/audit/reason.ts";
import { Pipeline } from "../../src/redemption/pipeline.ts";
import { Rejected } from "../../src/redemption/rejection.ts";

interface Start {
  readonly given: string;
}
interface Uses {
  readonly suffix: string;
}

const empty = Pipeline.of<Start, Uses>();
const start = { given: "start" };
const uses = { suffix: "!" };

function throwing(error: unknown) {
  return empty
    .check("first", () => ({ first: 1 }))
    .check("second", (): { second: number } => {
      throw error;
    })
    .check("third", () => ({ third: 3 }));
}

describe("Pipeline", () => {
  it("gives each check what all before it established, and the dependencies", async () => {
    const pipeline = empty
      .check("length", ({ given }) => ({ length: given.length }))
      .check("shout", async ({ given, length }, { suffix }) => ({ shout: `${given}${length}${suffix}` }));
    expect(await pipeline.run(start, uses)).toEqual({
      completed: true,
      known: { given: "start", length: 5, shout: "start5!" },
    });
  });

  it("tells its order", () => {
    expect(throwing(null).order).toEqual(["first", "second", "third"]);
  });

  it("completes without checks", async () => {
    expect(await empty.run(start, uses)).toEqual({ completed: true, known: start });
  });

  it("refuses two checks of one name", () => {
    expect(() => empty.check("twice", () => ({ a: 1 })).check("twice", () => ({ b: 1 }))).toThrow(
      "two checks are named twice",
    );
  });

  it("does not change when a check is added to it", () => {
    const shorter = empty.check("first", () => ({ first: 1 }));
    shorter.check("second", () => ({ second: 2 }));
    expect(shorter.order).toEqual(["first"]);
  });

  it("awaits one check before it begins the next", async () => {
    const events: string[] = [];
    const pipeline = empty
      .check("slow", async () => {
        await Promise.resolve();
        events.push("slow");
        return { slow: 1 };
      })
      .check("fast", () => {
        events.push("fast");
        return { fast: 1 };
      });
    await pipeline.run(start, uses);
    expect(events).toEqual(["slow", "fast"]);
  });

  const outage = new Outage("ledger_unavailable");
  const refusal = new Rejected("scope_empty");
  const bug = new TypeError("undefined is not a function");
  it.each([
    ["a refusal", refusal, { kind: "refusal", reason: "scope_empty" }],
    ["an outage", outage, { kind: "outage", reason: "ledger_unavailable" }],
    ["an error of ours", bug, { kind: "fault", reason: "fault" }],
    ["something that is no error", "thrown text", { kind: "fault", reason: "fault" }],
  ])("ends at %s and tells what it was", async (_what, thrown, expected) => {
    expect(await throwing(thrown).run(start, uses)).toEqual({
      completed: false,
      refusedAt: "second",
      cause: thrown,
      known: { given: "start", first: 1 },
      ...expected,
    });
  });

  it("takes a rejected promise for what a check threw", async () => {
    const outcome = await empty.check("async", (): Promise<object> => Promise.reject(outage)).run(start, uses);
    expect(outcome).toMatchObject({ completed: false, kind: "outage", refusedAt: "async" });
  });
});
