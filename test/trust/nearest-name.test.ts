import { describe, expect, it } from "vitest";
import { findNearestName } from "../../src/trust/nearest-name.ts";

const KNOWN = ["client_id", "name", "enabled", "authentication", "resources", "scopes"];

describe("the name that was probably meant", () => {
  it.each([
    ["enabeld", "enabled"],
    ["clientId", "client_id"],
    ["client-id", "client_id"],
    ["scope", "scopes"],
    ["authentification", "authentication"],
  ])("%s → %s", (written, meant) => expect(findNearestName(written, KNOWN)).toBe(meant));

  it("is none when nothing is near, or nothing known", () => {
    expect(findNearestName("upstream", KNOWN)).toBeNull();
    expect(findNearestName("id", KNOWN)).toBeNull();
    expect(findNearestName("name", [])).toBeNull();
  });

  it("takes no long time for a long name", () => {
    expect(findNearestName("x".repeat(200_000), KNOWN)).toBeNull();
  });
});
