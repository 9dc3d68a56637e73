import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { acmeFiles, writeTrust } from "../acme-fixture.ts";
import { policyDocument } from "../../support/documents.ts";
import { makeTestKey } from "../../support/test-idp.ts";
import { runCrossgate } from "../run-crossgate.ts";
import { temporaryDirectory } from "../temporary-directory.ts";
import { type Answer, startProvider } from "./provider.ts";

const OPENID = "/.well-known/openid-configuration";
const OAUTH = "/.well-known/oauth-authorization-server";

async function keys() {
  const [ec, rsa] = [await makeTestKey("ES256"), await makeTestKey("RS256")];
  return { keys: [ec.publicJwk, rsa.publicJwk, { kty: "RSA", kid: "weak", n: `${"q".repeat(170)}w`, e: "AQAB" }] };
}

async function sound(origin: string, changes: Readonly<Record<string, unknown>> = {}) {
  const metadata = {
    issuer: origin,
    jwks_uri: `${origin}/jwks`,
    id_token_signing_alg_values_supported: ["RS256", "HS256"],
  };
  return { [OPENID]: { body: { ...metadata, ...changes } }, "/jwks": { body: await keys() } };
}

describe("crossgate idp add", () => {
  it("discovers, shows each key and why not, and writes a document that check has nothing against", async () => {
    const jwks = await keys();
    const issuer = await startProvider((origin) => ({
      [OPENID]: {
        body: { issuer: origin, jwks_uri: `${origin}/jwks`, id_token_signing_alg_values_supported: ["RS256"] },
      },
      "/jwks": { body: jwks },
    }));
    const directory = await writeTrust(acmeFiles());
    const { code, stdout } = await runCrossgate(["idp", "add", issuer, directory]);
    expect(code).toBe(0);
    expect(stdout).toContain("key-ES256  EC P-256 sig  usable for ES256");
    expect(stdout).toContain("weak  RSA  not usable: rsa_size");
    const path = join(directory, "idp", `${issuer.slice("http://".length).replace(":", "-")}.json`);
    expect(JSON.parse(await readFile(path, "utf8"))).toEqual({
      issuer,
      name: issuer.slice("http://".length),
      organization: "acme",
      key_set: { jwks_uri: `${issuer}/jwks` },
      algorithms: ["RS256"],
    });
    const again = await runCrossgate(["idp", "add", issuer, directory]);
    expect(again).toMatchObject({ code: 1, stdout: "" });
    expect(again.stderr).toContain(`${path} describes ${issuer} already`);
  });

  it("lets a provider steer the terminal by nothing that it says, nor by an address that fails", async () => {
    const hostile = "\u001b[2J\u009b2K\u202e\nwrote";
    const [good] = (await keys()).keys;
    const issuer = await startProvider((origin) => ({
      [OPENID]: {
        body: {
          issuer: origin,
          jwks_uri: `${origin}/jwks`,
          id_token_signing_alg_values_supported: ["ES256", `a${hostile}`],
        },
      },
      "/jwks": {
        body: { keys: [good, { kty: `EC${hostile}`, kid: `k${hostile}`, crv: `c${hostile}`, use: `u${hostile}` }] },
      },
    }));
    const shown = await runCrossgate(["idp", "add", issuer, await writeTrust(acmeFiles())]);
    expect(shown.code).toBe(0);
    expect(shown.stdout).toContain("a\u{fffd}[2J\u{fffd}2K\u{fffd}\u{fffd}wrote");
    expect(shown.stdout).toContain("k\u{fffd}[2J\u{fffd}2K\u{fffd}\u{fffd}wrote");
    expect(["\u001b", "\u009b", "\u202e"].filter((sign) => shown.stdout.includes(sign))).toEqual([]);

    const failing = await startProvider((origin) => ({
      [OPENID]: { body: { issuer: origin, jwks_uri: `${origin}/gone\u001b[2J\u009b\u202e` } },
    }));
    const told = await runCrossgate(["idp", "add", failing, await writeTrust(acmeFiles())]);
    expect(told.code).toBe(1);
    expect(told.stderr).toContain("/gone\u{fffd}[2J\u{fffd}\u{fffd}");
    expect(["\u001b", "\u009b", "\u202e"].filter((sign) => told.stderr.includes(sign))).toEqual([]);
  });

  it("falls back on OAuth metadata, for an issuer with a path too", async () => {
    const jwks = await keys();
    const origin = await startProvider((own) => ({
      [`${OAUTH}/realms/acme`]: { body: { issuer: `${own}/realms/acme`, jwks_uri: `${own}/certs` } },
      "/certs": { body: jwks },
    }));
    const directory = await temporaryDirectory();
    const command = [
      "idp",
      "add",
      `${origin}/realms/acme`,
      directory,
      "--organization",
      "acme",
      "--preset",
      "keycloak",
      "--json",
    ];
    const { code, stdout } = await runCrossgate(command);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      metadata_url: `${origin}${OAUTH}/realms/acme`,
      keys: [{ flaw: null }, { flaw: null }, { flaw: "rsa_size" }],
      notes: expect.arrayContaining([expect.stringContaining("/protocol/openid-connect/certs: find out why")]),
    });
  });

  it.each<[string, (origin: string) => Promise<Readonly<Record<string, Answer>>>, string]>([
    ["another issuer", (origin) => sound(origin, { issuer: `${origin}/` }), "a slash at the end makes a difference"],
    ["no key set", (origin) => sound(origin, { jwks_uri: undefined }), "lacks jwks_uri"],
    [
      "a key set elsewhere in plain http",
      (origin) => sound(origin, { jwks_uri: "http://idp.example.com/jwks" }),
      "is not an https address",
    ],
    [
      "a redirect",
      async (origin) => ({ [OPENID]: { status: 302, headers: { location: `${origin}/x` } } }),
      "redirects, which is not followed",
    ],
    ["nothing", async () => ({}), "did not answer 200"],
    ["no metadata, so that a person has to write the document", async () => ({}), "config/schema/idp.schema.json"],
    ["something too large", async () => ({ [OPENID]: { body: "x".repeat(300_000) } }), "is larger than 262144 bytes"],
    ["something else than JSON", async () => ({ [OPENID]: { body: "<html>" } }), "is not usable JSON"],
    ["a member twice", async () => ({ [OPENID]: { body: '{"issuer":"a","issuer":"b"}' } }), "duplicate member"],
    [
      "no usable key",
      async (origin) => ({ ...(await sound(origin)), "/jwks": { body: { keys: [{ kty: "oct" }] } } }),
      "has no usable keys",
    ],
    [
      "an algorithm that is not accepted",
      (origin) => sound(origin, { id_token_signing_alg_values_supported: ["HS256"] }),
      "has no usable keys",
    ],
  ])("writes nothing when the provider answers with %s", async (_what, answers, complaint) => {
    const prepared = new Map<string, Readonly<Record<string, Answer>>>();
    const issuer = await startProvider((origin) => prepared.get(origin) ?? {});
    prepared.set(issuer, await answers(issuer));
    const directory = await writeTrust({ "policy/acme.json": policyDocument({ rules: [] }) });
    const { code, stdout, stderr } = await runCrossgate(["idp", "add", issuer, directory]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(complaint);
    await expect(readFile(join(directory, "idp"))).rejects.toThrow("ENOENT");
  });

  it.each<[string, readonly string[], number, string]>([
    ["plain http elsewhere", ["http://idp.example.com"], 1, "is not an issuer that can be asked (scheme)"],
    ["an address", ["https://10.0.0.1"], 1, "address_literal"],
    ["no issuer", [], 2, "Say: crossgate idp add <issuer>"],
    [
      "an unknown preset",
      ["https://x.example.com", "--preset", "ping"],
      2,
      "say one of okta, auth0, entra, keycloak, google",
    ],
    ["an issuer of another provider", ["https://acme.auth0.com", "--preset", "auth0"], 2, "with the slash"],
    [
      "a custom authorization server of Okta",
      ["https://acme.okta.com/oauth2/default", "--preset", "okta"],
      2,
      "https://ORG.okta.com",
    ],
  ])("refuses %s", async (_what, words, exitCode, complaint) => {
    const directory = await writeTrust({ "policy/acme.json": policyDocument({ rules: [] }) });
    const { code, stderr } = await runCrossgate(["idp", "add", ...words, ...(words.length > 0 ? [directory] : [])]);
    expect(code).toBe(exitCode);
    expect(stderr).toContain(complaint);
  });

  it("asks whose users they are where that is open", async () => {
    const policies = {
      "policy/a.json": policyDocument({ organization: "a" }),
      "policy/b.json": policyDocument({ organization: "b" }),
    };
    const { code, stderr } = await runCrossgate(["idp", "add", "https://idp.example.com", await writeTrust(policies)]);
    expect(code).toBe(1);
    expect(stderr).toContain("Say with --organization whose users this issuer may assert: a, b");
  });
});
