import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { MUTANTS } from "../../mutants/catalogue/catalogue.ts";
import { countSnippet } from "../../mutants/mutant.ts";

const PROJECT = join(import.meta.dirname, "../..");
const CORE = ["redemption", "ledger", "policy", "gateway", "admin", "egress", "audit", "revocation", "dpop", "client"];
const AREAS = [...CORE, "vault", "connect", "oauth-client", "provider-tokens"];

describe("the seeded mistakes", () => {
  it("can each be made: what they change is in the code, once", () => {
    const outdated = MUTANTS.filter(
      (mutant) => countSnippet(mutant, readFileSync(join(PROJECT, mutant.file), "utf8")) !== 1,
    );
    expect(outdated.map(({ id, file }) => `${id} in ${file}`)).toEqual([]);
  });

  it("change something, and have a name each", () => {
    expect(MUTANTS.filter(({ snippet, replacement }) => snippet === replacement)).toEqual([]);
    expect(new Set(MUTANTS.map(({ id }) => id)).size).toBe(MUTANTS.length);
  });

  it("name tests that there are", () => {
    const missing = MUTANTS.flatMap(({ tests }) => tests).filter((file) => !existsSync(join(PROJECT, file)));
    expect(missing).toEqual([]);
    expect(MUTANTS.filter(({ tests }) => tests.length === 0)).toEqual([]);
  });

  it.each(AREAS)("are at least five in %s, and sixty in all", (area) => {
    expect(MUTANTS.filter(({ id }) => id.startsWith(`${area}/`)).length).toBeGreaterThanOrEqual(5);
    expect(MUTANTS.length).toBeGreaterThanOrEqual(60);
  });
});
