import { describe, expect, it } from "vitest";
import { Passed } from "../../src/redemption/passed.ts";

describe("what a check that only says yes gives", () => {
  it("is of that check, and of no other", () => {
    const passed = new Passed("audience");
    expect(passed.check).toBe("audience");
    // @ts-expect-error -- one check's yes is not another's
    const other: Passed<"assertion_type"> = passed;
    expect(other.check).toBe("audience");
  });

  it("cannot be written down by hand", () => {
    // @ts-expect-error -- only its constructor makes one
    const forged: Passed<"audience"> = { check: "audience" };
    expect(forged).not.toBeInstanceOf(Passed);
  });

  it("says nothing in a record", () => {
    expect(JSON.stringify({ audienceChecked: new Passed("audience") })).toBe('{"audienceChecked":{}}');
  });
});
