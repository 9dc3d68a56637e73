import { describe, expect, it } from "vitest";
import { endedSignInsOf } from "../../src/revocation/ended-sign-ins.ts";
import { block, joinFences, signInAgain } from "../../src/revocation/fence.ts";
import { fenceName } from "../../src/revocation/fence-names.ts";

const ADA = fenceName("subject", "https://idp.example.com", "ada");
const blocked = (atMilliseconds: number, isBlocked = true) => block(ADA, "operator", { atMilliseconds, isBlocked });

describe("what a fence ends besides what it stops", () => {
  it("is every sign-in until its instant, and of a block until it was said", () => {
    expect(endedSignInsOf(signInAgain(ADA, 7))).toEqual({ name: ADA, throughMilliseconds: 7 });
    expect(endedSignInsOf(blocked(9))).toEqual({ name: ADA, throughMilliseconds: 9 });
    expect(endedSignInsOf(joinFences(signInAgain(ADA, 7), blocked(5)))).toMatchObject({ throughMilliseconds: 7 });
    expect(endedSignInsOf(joinFences(signInAgain(ADA, 7), blocked(9)))).toMatchObject({ throughMilliseconds: 9 });
  });

  it("is nothing where it only lifts a block", () => {
    expect(endedSignInsOf(blocked(9, false))).toBeNull();
    expect(endedSignInsOf(joinFences(signInAgain(ADA, 7), blocked(9, false)))).toMatchObject({
      throughMilliseconds: 7,
    });
  });

  it("is of people alone", () => {
    expect(endedSignInsOf(signInAgain("principal:usr_ada", 7))).not.toBeNull();
    for (const name of ["client:ada", "issuer:https://idp.example.com", "token:ada", "connection:x", "document:x", "x"])
      expect(endedSignInsOf(signInAgain(name, 7))).toBeNull();
  });
});
