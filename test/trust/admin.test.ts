import { beforeAll, describe, expect, it } from "vitest";
import { adminSchema } from "../../src/trust/admin.ts";
import { adminDocument, type Members } from "../support/documents.ts";
import { makeTestKey, type TestKey } from "../support/test-idp.ts";

let key: TestKey;

beforeAll(async () => {
  key = await makeTestKey("ES256", "admin");
});

/** Where the first complaint lies, or null. */
function complaint(overrides: Members): string | null {
  const { error } = adminSchema.safeParse(adminDocument(overrides));
  return error === undefined ? null : (error.issues[0]?.path.join(".") ?? "");
}

function withKeySet(key_set: Members): Members {
  return { name: "pipeline", authentication: { kind: "key", key_set } };
}

describe("an admin document", () => {
  it("names a key of its own, a person or a service token of Access", () => {
    expect(complaint(withKeySet({ keys: [key.publicJwk] }))).toBeNull();
    expect(complaint({ authentication: { kind: "access_user" } })).toBeNull();
    expect(complaint({ name: "0f.access", authentication: { kind: "access_service_token" } })).toBeNull();
  });

  it("states its role: there is none by default", () => {
    expect(complaint({ role: undefined })).toBe("role");
    expect(complaint({ role: "owner" })).toBe("role");
  });

  // Whoever serves the URL would be the one who names administrators.
  it("states its keys itself", () => {
    expect(complaint(withKeySet({ jwks_uri: "https://keys.example.com/jwks" }))).toBe("authentication.key_set");
  });

  it("holds no private key", async () => {
    const { kid, alg } = key.publicJwk;
    const privateJwk = { ...key.material, kid, alg, d: "x".repeat(43) };
    expect(complaint(withKeySet({ keys: [privateJwk] }))).toBe("authentication.key_set.keys.0");
  });

  it("names a person as Access will: in lower case, with an address", () => {
    expect(complaint({ name: "Ada@acme.example" })).toBe("name");
    expect(complaint({ name: "ada" })).toBe("name");
  });
});
