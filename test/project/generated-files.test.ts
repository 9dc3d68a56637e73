import { describe, expect, it } from "vitest";
import { findDrift } from "../../.ci/generate.ts";

describe("what the repository says about the code", () => {
  it("is what the code makes of it: the README's tables and the JSON Schemas", async () => {
    expect(await findDrift()).toEqual([]);
  });
});
