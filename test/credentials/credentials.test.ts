import { describe, expect, it } from "vitest";
import { CredentialRefused } from "../../src/credentials/credential-refused.ts";
import { Credentials } from "../../src/credentials/credentials.ts";
import { supplyNone } from "../../src/credentials/none.ts";
import { secretSupplier, type SecretVault } from "../../src/credentials/secret.ts";
import type { Suppliers } from "../../src/credentials/supplied.ts";
import { askedOf } from "../support/credentials.ts";
import type { Members } from "../support/documents.ts";

const SECRET = { type: "secret", secret: "files-key" };
const AS = "https://as.example.net";
const CLIENT = { client_id: "crossgate", method: "client_secret_basic", secret: "as-secret" };

function holding(answer: Awaited<ReturnType<SecretVault["revealSecret"]>>): Credentials {
  return new Credentials(suppliers({ revealSecret: async () => answer }));
}

/** Of types that are told about elsewhere. */
const another = (): Promise<never> => Promise.reject(new CredentialRefused("upstream_refused_us"));

function suppliers(vault: SecretVault): Suppliers {
  return {
    none: supplyNone,
    secret: secretSupplier(vault),
    identity: another,
    client_credentials: another,
    token_exchange: another,
    authorization_code: another,
    xaa: another,
  };
}

const VAULT = holding({ value: "s3cret", kid: "kek-1" });

async function refusalOf(credentials: Credentials, credential: Members): Promise<string> {
  return credentials.supply(askedOf(credential)).then(
    () => "supplied",
    (error: unknown) => (error instanceof CredentialRefused ? error.reason : String(error)),
  );
}

describe("the credential for an upstream", () => {
  it("is nothing where the document says none", async () => {
    const { headers, facts } = await VAULT.supply(askedOf({ type: "none" }));
    expect([...headers]).toEqual([]);
    expect(facts).toEqual({ type: "none", upstreamHost: "files.example.net", kid: null });
  });

  it("is the secret in its header, and on record only by its kind", async () => {
    const { headers, facts } = await VAULT.supply(askedOf(SECRET));
    expect([...headers]).toEqual([["authorization", "Bearer s3cret"]]);
    expect(facts).toEqual({ type: "secret", upstreamHost: "files.example.net", kid: "kek-1" });
    const other = await VAULT.supply(askedOf({ ...SECRET, header: "X-Api-Key", format: "{secret}" }));
    expect([...other.headers]).toEqual([["x-api-key", "s3cret"]]);
  });

  it.each([
    ["absent", "credential_absent"],
    ["not_for_resource", "credential_not_for_resource"],
  ] as const)("is refused where the secret is %s", async (answer, reason) => {
    expect(await refusalOf(holding(answer), SECRET)).toBe(reason);
  });

  it.each([
    "a\r\nx-admin: yes",
    "a\nb",
    "a\rb",
    "a\u0000b",
    "a\tb",
    "pässword",
    "a\u2028b",
    "key🔑",
    "trailing ",
    "",
    "x".repeat(8 * 1024),
  ])("is refused rather than sent where it would break out of its header or change on the way: %j", async (value) => {
    const credentials = holding({ value, kid: "kek-1" });
    expect(await refusalOf(credentials, SECRET)).toBe("credential_unusable");
  });

  it.each(["mcp-session-id", "host", "x\r\ny", "content-length", "cookie"])(
    "is refused in a header that is not for it, whatever supplies it: %j",
    async (name) => {
      const credentials = new Credentials({
        ...suppliers({ revealSecret: async () => "absent" }),
        none: async () => ({ headers: { [name]: "value" } }),
      });
      expect(await refusalOf(credentials, { type: "none" })).toBe("credential_unusable");
    },
  );

  it.each<[string, Members]>([
    ["token_exchange", { type: "token_exchange", authorization_server: AS, ...CLIENT }],
    [
      "xaa",
      { type: "xaa", idp: "https://idp.example.com", authorization_server: AS, idp_client: CLIENT, client: CLIENT },
    ],
  ])("is what the supplier of its type says, and no other: %s", async (_type, credential) => {
    expect(await refusalOf(VAULT, credential)).toBe("upstream_refused_us");
  });
});
