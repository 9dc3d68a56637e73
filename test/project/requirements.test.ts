import { describe, expect, it } from "vitest";
import { findProofs, namedIn } from "./requirement-proofs.ts";
import { REQUIREMENTS } from "../requirements/requirements.ts";

const proofs = await findProofs();

describe("the requirements", () => {
  it("have an id each", () => {
    expect(new Set(REQUIREMENTS.map(({ id }) => id)).size).toBe(REQUIREMENTS.length);
  });

  it("are proved by a test that names them, or say why not, where they are a MUST", () => {
    const open = REQUIREMENTS.filter(
      ({ id, level, excluded }) => level === "MUST" && excluded === null && !proofs.has(id),
    );
    expect(open.map(({ id, says }) => `${id}: ${says}`)).toEqual([]);
  });

  it("are not excluded and proved at once", () => {
    const both = REQUIREMENTS.filter(({ id, excluded }) => excluded !== null && proofs.has(id));
    expect(both.map(({ id }) => id)).toEqual([]);
  });

  it("are the only ones that a test names", () => {
    const known = new Set(REQUIREMENTS.map(({ id }) => id));
    expect([...proofs.keys()].filter((id) => !known.has(id))).toEqual([]);
  });
});

describe("a title", () => {
  it.each<[string, readonly string[]]>([
    ['it("holds [JAG-R-08]", …)', ["JAG-R-08"]],
    ["it(`holds [DP-01, DP-02]`, …)", ["DP-01", "DP-02"]],
    ['it("holds [JAG5-I-01]", …)', ["JAG5-I-01"]],
    ['it("[DP-01] holds", …)', []],
    ["// holds [DP-01]", []],
  ])("%s names %j", (title, ids) => {
    expect(namedIn(title)).toEqual(ids);
  });
});
