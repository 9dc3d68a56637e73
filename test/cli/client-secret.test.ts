import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createRandomSecret, digestClientSecret } from "../../cli/client-secret.ts";

describe("client secret", () => {
  it("is 32 random bytes in base64url, another each time", () => {
    const secret = createRandomSecret();
    expect(Buffer.from(secret, "base64url")).toHaveLength(32);
    expect(secret).toMatch(/^[\w-]{43}$/);
    expect(createRandomSecret()).not.toBe(secret);
  });

  it("is stored as HMAC-SHA-256 keyed by the text of the pepper, not by the bytes that it encodes", async () => {
    const digest = digestClientSecret("the secret", "cGVwcGVy");
    expect(digest).toBe(
      `hmac-sha256:${createHmac("sha256", Buffer.from("cGVwcGVy", "utf8")).update("the secret").digest("hex")}`,
    );
    expect(digest).toBe(`hmac-sha256:${await hmacAsTheWorkerDoes("cGVwcGVy", "the secret")}`);
    expect(digest).toMatch(/^hmac-sha256:[0-9a-f]{64}$/);
  });

  it("has another digest under another pepper", () => {
    expect(digestClientSecret("the secret", "a")).not.toBe(digestClientSecret("the secret", "b"));
  });
});

async function hmacAsTheWorkerDoes(pepper: string, secret: string): Promise<string> {
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(pepper), algorithm, false, ["sign"]);
  return Buffer.from(await crypto.subtle.sign("HMAC", key, encoder.encode(secret))).toString("hex");
}
