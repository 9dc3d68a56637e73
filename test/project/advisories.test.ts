import { describe, expect, it } from "vitest";
import { ADVISORIES } from "../regressions/advisories.ts";
import { advisoriesIn, findAdvisoryProofs } from "./advisory-proofs.ts";

const proofs = await findAdvisoryProofs();

describe("the advisories", () => {
  it("have an id each", () => {
    expect(new Set(ADVISORIES.map(({ id }) => id)).size).toBe(ADVISORIES.length);
  });

  it("are each named by a test, or say why not, and never both", () => {
    const open = ADVISORIES.filter(({ id, excluded }) => proofs.has(id) === (excluded !== null));
    expect(open.map(({ id, wentWrong }) => `${id}: ${wentWrong}`)).toEqual([]);
  });

  it("are the only ones that a test names", () => {
    const known = new Set(ADVISORIES.map(({ id }) => id));
    expect([...proofs.keys()].filter((id) => !known.has(id))).toEqual([]);
  });
});

describe("a title", () => {
  it.each<[string, readonly string[]]>([
    ['it("holds [CVE-2026-1486]", …)', ["CVE-2026-1486"]],
    ["it(`holds [GHSA-752w-5fwx-jx9f, keycloak#49215]`, …)", ["GHSA-752w-5fwx-jx9f", "keycloak#49215"]],
    ['it("holds [authplane@0.1.2] [JAG-R-08, DP-01]", …)', ["authplane@0.1.2"]],
    ['it("[CVE-2026-1486] holds", …)', []],
    ["// holds [CVE-2026-1486]", []],
  ])("%s names %j", (title, ids) => {
    expect(advisoriesIn(title)).toEqual(ids);
  });
});
