import { describe, expect, it } from "vitest";
import { SubjectNames } from "../../src/audit/subject-names.ts";

const FACTS = { subject: "ada", principal: "usr_ada", actor: null, admin: "root@example.com", client_id: "agent" };

describe("plain names", () => {
  it("are recorded as they are, without a turn", () => {
    expect(new SubjectNames("plain", "secret").record(FACTS)).toBe(FACTS);
  });
});

describe("hashed names", () => {
  const names = new SubjectNames("hashed", "secret");

  it("hide everybody who is served, and nothing else", async () => {
    const recorded = await names.record(FACTS);
    expect(recorded).toMatchObject({ actor: null, admin: "root@example.com", client_id: "agent" });
    expect(recorded.subject).toMatch(/^hmac-sha256:[\w-]{43}$/);
    expect(recorded.principal).toMatch(/^hmac-sha256:[\w-]{43}$/);
    expect(JSON.stringify(recorded)).not.toMatch(/"(?:usr_)?ada"/);
  });

  it("are the same for the same person, and for nobody else", async () => {
    const other = new SubjectNames("hashed", "secret");
    expect(await names.nameOf("ada")).toBe(await other.nameOf("ada"));
    expect(await names.nameOf("ada")).not.toBe(await names.nameOf("eve"));
  });

  // Or a guess could be tested by whoever has the archive.
  it("cannot be made without the deployment's secret", async () => {
    expect(await names.nameOf("ada")).not.toBe(await new SubjectNames("hashed", "secret2").nameOf("ada"));
  });

  // The same secret makes nonces and session ids, which strangers see.
  it("are made by a key of their own, derived from the secret (HKDF, RFC 5869)", async () => {
    const encoder = new TextEncoder();
    const root = await crypto.subtle.importKey("raw", encoder.encode("secret"), "HKDF", false, ["deriveBits"]);
    const info = encoder.encode("audit subjects v1");
    const bits = await crypto.subtle.deriveBits(
      { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info },
      root,
      512,
    );
    const key = await crypto.subtle.importKey("raw", bits.slice(0, 32), { name: "HMAC", hash: "SHA-256" }, false, [
      "sign",
    ]);
    const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode("ada")));
    expect(await names.nameOf("ada")).toBe(`hmac-sha256:${mac.toBase64({ alphabet: "base64url", omitPadding: true })}`);
  });

  it("are not hashed twice", async () => {
    const recorded = await names.record(FACTS);
    expect(await names.record(recorded)).toEqual(recorded);
  });
});
