import { describe, expect, it } from "vitest";
import { block, signInAgain } from "../../src/revocation/fence.ts";
import { FenceSet, type FenceUpdate } from "../../src/revocation/fence-set.ts";

const BLOCKED = block("client:a", "operator", { atMilliseconds: 5, isBlocked: true });

function update(overrides: Partial<FenceUpdate>): FenceUpdate {
  return { epoch: "one", from: 0, version: 1, fences: [], isLast: true, ...overrides };
}

function setOf(...updates: readonly Partial<FenceUpdate>[]): FenceSet {
  const set = new FenceSet();
  for (const each of updates) set.merge(update(each));
  return set;
}

describe("a copy of the fences", () => {
  it("finds what stops any of the names, by the sign-in", () => {
    const set = setOf({ fences: [BLOCKED, signInAgain("principal:p", 100)] });
    expect(set.find({ names: ["organization:x", "client:a"], signedInAtMilliseconds: 999 })?.name).toBe("client:a");
    expect(set.find({ names: ["principal:p"], signedInAtMilliseconds: 100 })?.name).toBe("principal:p");
    expect(set.find({ names: ["principal:p"], signedInAtMilliseconds: 101 })).toBeNull();
  });

  it("moves on with an update that leaves no gap", () => {
    expect(setOf({ version: 3 }, { from: 2, version: 5 }).position).toEqual({ epoch: "one", version: 5 });
  });

  it("believes an update past a gap, and does not say that it has heard all", () => {
    const set = setOf({ version: 3 }, { from: 4, version: 5, fences: [BLOCKED] });
    expect(set.position.version).toBe(3);
    expect(set.find({ names: ["client:a"], signedInAtMilliseconds: 1 })).not.toBeNull();
  });

  it("does not go back for an answer that was overtaken", () => {
    expect(setOf({ version: 3 }, { version: 2 }).position.version).toBe(3);
  });

  it("starts counting anew with a registry that does, and keeps what it has heard", () => {
    const set = setOf({ version: 9, fences: [BLOCKED] }, { epoch: "two", version: 2 });
    expect(set.position).toEqual({ epoch: "two", version: 2 });
    expect(set.find({ names: ["client:a"], signedInAtMilliseconds: 1 })).not.toBeNull();
  });

  it("joins what it hears twice", () => {
    const lifted = block("client:a", "operator", { atMilliseconds: 4, isBlocked: false });
    expect(
      setOf({ fences: [BLOCKED] }, { from: 1, version: 2, fences: [lifted] }).find({
        names: ["client:a"],
        signedInAtMilliseconds: 1,
      }),
    ).not.toBeNull();
  });

  it("forgets what can stop nothing any more", () => {
    const set = setOf({ fences: [{ ...BLOCKED, expiresAtMilliseconds: 50 }, signInAgain("principal:p", 1)] });
    set.dropExpired(49);
    expect(set.size).toBe(2);
    set.dropExpired(50);
    expect(set.size).toBe(1);
  });
});
