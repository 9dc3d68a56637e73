import { describe, expect, it } from "vitest";
import { Sessions } from "../../src/gateway/session.ts";

const ADA = { principal: "usr_ada", clientId: "agent", resource: "https://crossgate.example/mcp/files" };
const sessions = new Sessions("a-secret-of-the-tests");

async function issue(upstreamId = "upstream-1", takesUrls = false): Promise<string> {
  const id = await sessions.issue({ upstreamId, takesUrls }, ADA);
  if (id === null) throw new TypeError("no session id");
  return id;
}

describe("a session id", () => {
  it("is found again by whom it was made for", async () => {
    expect(await sessions.resolve(await issue(), ADA)).toEqual({ upstreamId: "upstream-1", takesUrls: false });
  });

  it("is the same in every isolate that has the secret", async () => {
    expect(await new Sessions("a-secret-of-the-tests").resolve(await issue(), ADA)).toEqual({
      upstreamId: "upstream-1",
      takesUrls: false,
    });
  });

  it("may hold whatever is visible, dots too", async () => {
    expect(await sessions.resolve(await issue("a.b..c,~"), ADA)).toMatchObject({ upstreamId: "a.b..c,~" });
  });

  it("remembers what its client can do, and nobody can write that into it", async () => {
    const [taking, other] = await Promise.all([issue("upstream-1", true), issue("upstream-1", false)]);
    expect(await sessions.resolve(taking, ADA)).toEqual({ upstreamId: "upstream-1", takesUrls: true });
    expect(taking).not.toBe(other);
  });

  it("is unknown under another secret", async () => {
    expect(await new Sessions("another-secret-of-tests").resolve(await issue(), ADA)).toBeNull();
  });

  it.each([
    ["another person", { ...ADA, principal: "usr_bob" }],
    ["another client", { ...ADA, clientId: "other-agent" }],
    ["another server", { ...ADA, resource: "https://crossgate.example/mcp/payroll" }],
    ["letters moved from one part to the next", { ...ADA, principal: "usr_ad", clientId: "aagent" }],
  ])("is unknown to %s", async (_name, holder) => {
    expect(await sessions.resolve(await issue(), holder)).toBeNull();
  });

  it("is unknown when anything in it was changed", async () => {
    const id = await issue();
    const [name, mac = ""] = id.split(".");
    const last = mac.endsWith("A") ? "E" : "A";
    const spoilt = [
      "",
      ".",
      "upstream-1",
      "upstream-1.",
      `.${mac}`,
      mac,
      `${name}2.${mac}`,
      `${name}.${mac}=`,
      `${name}.${mac}A`,
      `${name}.${mac.slice(0, -1)}`,
      `${name}.${mac.slice(0, -1)}${last}`,
      `${name}.${mac.toLowerCase()}`,
      `${id}, ${id}`,
      `${id}.${mac}`,
      `${name}. ${mac}`,
    ];
    const found = await Promise.all(spoilt.map((invented) => sessions.resolve(invented, ADA)));
    expect(found).toEqual(spoilt.map(() => null));
  });

  it("has one spelling: the last bits of the MAC are not free", async () => {
    const id = await issue();
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const resolved = await Promise.all(Array.from(alphabet, (last) => sessions.resolve(id.slice(0, -1) + last, ADA)));
    expect(resolved.filter((found) => found !== null)).toHaveLength(1);
  });

  it.each([
    ["nothing", ""],
    ["a space", "a b"],
    ["a control character", "a\u0007"],
    ["letters beyond ASCII", "caf\u00e9"],
    ["no end", "a".repeat(1025)],
  ])("is not given out for an upstream's id with %s", async (_name, upstreamId) => {
    expect(await sessions.issue({ upstreamId, takesUrls: false }, ADA)).toBeNull();
  });
});
