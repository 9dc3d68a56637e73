import { describe, expect, it } from "vitest";
import { findTrustChanges } from "../../cli/trust-changes.ts";

const acme = { key: "policy:acme", value: "1", path: "policy/acme.json" };
const agent = { key: "client:agent", value: "1", path: "client/agent.json" };

describe("findTrustChanges", () => {
  it("finds nothing where nothing changed", () => {
    const changes = findTrustChanges([acme, agent], { documents: [agent, acme], problems: [] });
    expect(changes).toEqual({ added: [], changed: [], removed: [], inForce: [agent, acme] });
  });

  it("tells added, changed and removed apart", () => {
    const edited = { ...acme, value: "2" };
    const other = { key: "client:other", value: "1", path: "client/other.json" };
    const changes = findTrustChanges([acme, agent], { documents: [edited, other], problems: [] });
    expect(changes).toEqual({ added: [other], changed: [edited], removed: [agent], inForce: [edited, other] });
  });

  it("keeps the last good document of a file that broke", () => {
    const problems = [{ path: acme.path, message: "not JSON" }];
    const changes = findTrustChanges([acme, agent], { documents: [agent], problems });
    expect(changes).toEqual({ added: [], changed: [], removed: [], inForce: [agent, acme] });
  });

  it("keeps the former document while two files claim its key", () => {
    const problems = [acme.path, "policy/copy.json"].map((path) => ({ path, message: "describes policy:acme" }));
    expect(findTrustChanges([acme], { documents: [], problems }).inForce).toEqual([acme]);
  });

  it("lets a sound file take over the key of a broken one", () => {
    const moved = { ...acme, value: "2", path: "policy/moved.json" };
    const problems = [{ path: acme.path, message: "not JSON" }];
    expect(findTrustChanges([acme], { documents: [moved], problems })).toMatchObject({
      changed: [moved],
      inForce: [moved],
    });
  });

  it("says nothing of a file that moved with its content", () => {
    const moved = { ...acme, path: "policy/moved.json" };
    const changes = findTrustChanges([acme], { documents: [moved], problems: [] });
    expect(changes).toEqual({ added: [], changed: [], removed: [], inForce: [moved] });
  });
});
