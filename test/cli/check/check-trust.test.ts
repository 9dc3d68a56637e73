import { relative } from "node:path";
import { describe, expect, it } from "vitest";
import { checkTrust } from "../../../cli/check/check-trust.ts";
import {
  clientDocument,
  denyRule,
  IDP,
  idpDocument,
  permitRule,
  policyDocument,
  resourceDocument,
  sinkDocument,
} from "../../support/documents.ts";
import { acmeFiles, DEPLOYMENT, type Files, policyWith, ruleWith, stored, writeTrust } from "../acme-fixture.ts";

const NOW = Date.parse("2026-11-21T00:00:00Z");

async function findingsIn(changes: Files, inForce: ReturnType<typeof stored> = []) {
  const directory = await writeTrust(acmeFiles(changes));
  const { findings } = await checkTrust(directory, { deployment: DEPLOYMENT, nowMilliseconds: NOW, inForce });
  return findings.map((finding) => ({ ...finding, file: relative(directory, finding.file) }));
}

const secret = { methods: ["client_secret_basic"], secret_digests: [`hmac-sha256:${"0".repeat(64)}`] };
const published = { methods: ["private_key_jwt"], metadata_document: true };
const FAMILY = "https://agents.example.net/oauth/*";
const family = (overrides = {}) => ({
  "client/family.json": clientDocument({ client_id: FAMILY, authentication: published, ...overrides }),
});
const IDP_FILE = "idp/idp.example.com.json";
const idpWith = (overrides = {}) => ({ [IDP_FILE]: idpDocument(overrides) });
const BY_SAML = { saml_issuer: "https://saml.example", subject_resolution: { mode: "strict", by: ["saml_nameid"] } };
const TAKEN = { access_tokens: { clients: { "at-the-idp": "agent" } } };
const taking = (overrides = {}) => ({
  "resource/files.json": resourceDocument({ provider_tokens: { [IDP]: overrides } }),
});
const weakKey = { kty: "RSA", n: `${"q".repeat(170)}w`, e: "AQAB" };

describe("checkTrust", () => {
  it("finds nothing in a sound directory", async () => {
    expect(await findingsIn({})).toEqual([]);
  });

  it.each<[string, Files, [severity: string, file: string, at: string, problem: string]]>([
    [
      "what is not JSON, by line and column",
      { "policy/acme.json": "{\n  oops\n}" },
      ["error", "policy/acme.json", "", "not JSON: Expected property name or '}' at line 2, column 3"],
    ],
    [
      "a member twice",
      { "policy/acme.json": '{"organization":"acme","rules":[],"rules":[]}' },
      ["error", "policy/acme.json", "", "duplicate member"],
    ],
    [
      "a name of the wrong type",
      { "idp/idp.example.com.json": idpDocument({ issuer: 7 }) },
      ["error", "idp/idp.example.com.json", "", "issuer: missing"],
    ],
    [
      "a sink that nobody could tell from anybody else",
      { "sink/siem.json": sinkDocument({ name: "siem", secret: undefined }) },
      ["error", "sink/siem.json", "secret", "is needed for this type, or vault_secret"],
    ],
    [
      "a member that there is not",
      ruleWith({ scope: ["files:read"] }),
      ["error", "policy/acme.json", "rules.0.scope", 'unknown member: did you mean "scopes"?'],
    ],
    [
      "subjects resolved by e-mail, for a provider that speaks for no domain",
      idpWith({ subject_resolution: { mode: "strict", by: ["email"] } }),
      ["error", IDP_FILE, "email_domains", "state the domains"],
    ],
    [
      "subjects resolved by SAML names, for a provider that is tied to no SAML issuer",
      idpWith({ subject_resolution: { mode: "strict", saml_nameid_required: true } }),
      ["error", IDP_FILE, "saml_issuer", "state the SAML issuer"],
    ],
    [
      "accounts that no assertion finds",
      idpWith({ subject_resolution: { mode: "strict" } }),
      ["warning", IDP_FILE, "subject_resolution.by", "no assertion finds an account by itself"],
    ],
    [
      "a SAML issuer that serves for nothing",
      idpWith({ saml_issuer: "https://saml.example" }),
      ["warning", IDP_FILE, "saml_issuer", "it has no effect"],
    ],
    [
      "a SAML issuer that two providers speak for",
      {
        ...idpWith(BY_SAML),
        "idp/second.json": idpDocument({ issuer: "https://second.example.com", ...BY_SAML }),
      },
      ["warning", IDP_FILE, "saml_issuer", "https://second.example.com"],
    ],
    [
      "assertions that may be used again",
      idpWith({ assertion_use: "until_expiry" }),
      ["warning", IDP_FILE, "assertion_use", "Enterprise-Managed Authorization forbids"],
    ],
    [
      "a provider that is trusted with nothing",
      idpWith({ assertion_types: [] }),
      ["warning", IDP_FILE, "assertion_types", "the list is empty"],
    ],
    [
      "a kind of assertion that nobody knows",
      idpWith({ assertion_types: ["saml"] }),
      ["error", IDP_FILE, "assertion_types.0", "id-jag"],
    ],
    [
      "a type of authorization_details that no server registers",
      ruleWith({ authorization_details_types: ["payment"] }),
      ["warning", "policy/acme.json", "rules.0.authorization_details_types.0", 'registers the type "payment"'],
    ],
    [
      "an expression that does not compile",
      ruleWith({ condition: "groups" }),
      ["error", "policy/acme.json", "rules.0.condition", "must be true or false"],
    ],
    [
      "two documents of one name",
      { "client/copy.json": clientDocument() },
      ["error", "client/agent.json", "", "describes client:agent, and so does"],
    ],
    [
      "a weak key",
      { "idp/idp.example.com.json": idpDocument({ key_set: { keys: [weakKey] } }) },
      ["error", "idp/idp.example.com.json", "key_set.keys.0", "a weak RSA key"],
    ],
    [
      "a private key",
      {
        "client/agent.json": clientDocument({
          authentication: { methods: ["private_key_jwt"], key_set: { keys: [{ kty: "RSA", d: "x" }] } },
        }),
      },
      ["error", "client/agent.json", "authentication.key_set.keys.0", "a private or secret key"],
    ],
    [
      "plain http on this machine",
      { "idp/idp.example.com.json": idpDocument({ key_set: { jwks_uri: "http://127.0.0.1:9/jwks" } }) },
      ["error", "idp/idp.example.com.json", "key_set.jwks_uri", "plain http on this machine"],
    ],
    [
      "plain http elsewhere",
      { "resource/files.json": resourceDocument({ upstream: "http://files.example.net/mcp" }) },
      [
        "error",
        "resource/files.json",
        "upstream",
        "URL not allowed: its scheme is not https; use https and a public host name",
      ],
    ],
    [
      "a token about the caller that would be for Crossgate itself",
      {
        "resource/files.json": resourceDocument({
          upstream_credential: { type: "identity", audience: "https://crossgate.example/mcp/files" },
        }),
      },
      ["error", "resource/files.json", "upstream_credential.audience", "would open doors here"],
    ],
    [
      "a token about the caller for the origin at which clients find the server",
      {
        "resource/files.json": resourceDocument({
          resource: "https://tools.example/mcp",
          upstream_credential: { type: "identity", audience: "https://tools.example:443/other" },
        }),
        "client/agent.json": clientDocument({ resources: ["https://tools.example/mcp"] }),
        ...ruleWith({ resources: ["https://tools.example/mcp"] }),
      },
      ["error", "resource/files.json", "upstream_credential.audience", "would open doors here"],
    ],
    [
      "a permit for one client of a family that is registered for another server",
      {
        ...family({ resources: ["https://crossgate.example/mcp/other"] }),
        "resource/other.json": resourceDocument({ resource: "https://crossgate.example/mcp/other" }),
        ...ruleWith({
          clients: [FAMILY.replace("*", "client.json")],
          resources: ["https://crossgate.example/mcp/files"],
        }),
      },
      ["warning", "policy/acme.json", "rules.0.resources", "none of its clients is registered"],
    ],
    [
      "a permit for a folder of a family that is registered for another server",
      {
        ...family({ resources: ["https://crossgate.example/mcp/other"] }),
        "resource/other.json": resourceDocument({ resource: "https://crossgate.example/mcp/other" }),
        ...ruleWith({ clients: [FAMILY.replace("*", "x/*")], resources: ["https://crossgate.example/mcp/files"] }),
      },
      ["warning", "policy/acme.json", "rules.0.resources", "none of its clients is registered"],
    ],
    [
      "a family that admits a client by the name of a person",
      {
        ...family(),
        ...policyWith(permitRule({ clients: "any", subjects: ["https://agents.example.net/oauth/ada"] })),
      },
      ["error", "client/family.json", "client_id", "a subject in the policy of acme"],
    ],
    [
      "a permit for one client of a family that is denied",
      {
        ...family(),
        ...policyWith(
          permitRule({ clients: ["agent"] }),
          permitRule({ id: "one", clients: [FAMILY.replace("*", "client.json")] }),
          denyRule({ clients: ["https://agents.example.net/*"] }),
        ),
      },
      ["warning", "policy/acme.json", "rules.1", "never matters: the deny rule nobody covers"],
    ],
    [
      "an upstream that is Crossgate itself",
      { "resource/files.json": resourceDocument({ upstream: "https://crossgate.example/mcp" }) },
      ["error", "resource/files.json", "upstream", "on Crossgate's own host"],
    ],
    [
      "two issuers that differ by a slash",
      { "idp/slash.json": idpDocument({ issuer: `${IDP}/` }) },
      ["error", "idp/slash.json", "issuer", `"${IDP}/" differs from "${IDP}" only by a slash`],
    ],
    [
      "two issuers that differ by case",
      { "idp/case.json": idpDocument({ issuer: "https://IDP.example.com" }) },
      ["error", "idp/case.json", "issuer", "only by a slash at the end, by case"],
    ],
    [
      "two issuers that differ by the default port",
      { "idp/port.json": idpDocument({ issuer: `${IDP}:443` }) },
      ["error", "idp/port.json", "issuer", "or by a default port"],
    ],
    [
      "a client that looks like a principal",
      { "client/usr_1.json": clientDocument({ client_id: "usr_1" }) },
      ["error", "client/usr_1.json", "client_id", "begins like the principals"],
    ],
    [
      "a client that is a subject in a rule",
      ruleWith({ subjects: ["agent"] }),
      ["error", "client/agent.json", "client_id", "also a subject in the policy of acme"],
    ],
    [
      "a client's server without a document",
      {
        "client/agent.json": clientDocument({
          resources: ["https://crossgate.example/mcp/files", "https://x.example/"],
        }),
      },
      ["error", "client/agent.json", "resources.1", 'there is no MCP server "https://x.example/"'],
    ],
    [
      "a resource server that asks about tokens without a document",
      { "resource/files.json": resourceDocument({ introspection: { clients: ["agent", "files-server"] } }) },
      ["error", "resource/files.json", "introspection.clients.1", 'there is no client "files-server"'],
    ],
    [
      "a rule's server without a document",
      policyWith(permitRule(), denyRule({ resources: ["https://crossgate.example/mcp/file"] })),
      ["error", "policy/acme.json", "rules.1.resources.0", "there is no MCP server"],
    ],
    [
      "a rule's client without a document",
      ruleWith({ clients: ["agent", "angel"] }),
      ["error", "policy/acme.json", "rules.0.clients.1", 'there is no client "angel"'],
    ],
    [
      "a rule's client that no family admits",
      { ...family(), ...ruleWith({ clients: ["agent", "https://agents.example.net/other/client.json"] }) },
      ["error", "policy/acme.json", "rules.0.clients.1", "there is no client"],
    ],
    [
      "a rule's family to which nobody belongs",
      { ...family(), ...ruleWith({ clients: ["agent", "https://agents.example.net/other/*"] }) },
      ["error", "policy/acme.json", "rules.0.clients.1", "there is no client"],
    ],
    [
      "a metadata document on this machine",
      { "client/local.json": clientDocument({ client_id: "http://127.0.0.1:9/*", authentication: published }) },
      ["error", "client/local.json", "client_id", "plain http on this machine"],
    ],
    [
      "a rule's issuer without a document",
      ruleWith({ issuers: ["https://idp.example.org"] }),
      ["error", "policy/acme.json", "rules.0.issuers.0", "there is no identity provider"],
    ],
    [
      "a policy for nobody",
      { "policy/globex.json": policyDocument({ organization: "globex" }) },
      ["warning", "policy/globex.json", "organization", 'no identity provider speaks for "globex"'],
    ],
    [
      "an organization without a policy",
      { "policy/acme.json": null },
      ["warning", "idp/idp.example.com.json", "organization", '"acme" has no policy'],
    ],
    [
      "a scope that no server of the rule defines",
      ruleWith({ scopes: ["files:read", "files:delete"] }),
      ["warning", "policy/acme.json", "rules.0.scopes.1", 'defines the scope "files:delete"'],
    ],
    [
      "a scope that no server of the client defines",
      { "client/agent.json": clientDocument({ scopes: ["files:read", "file:write"] }) },
      ["warning", "client/agent.json", "scopes.1", 'defines the scope "file:write"'],
    ],
    [
      "a rule that selects nothing",
      ruleWith({ groups: [] }),
      ["warning", "policy/acme.json", "rules.0.groups", "selects nothing"],
    ],
    [
      "a rule that grants nothing",
      ruleWith({ scopes: [] }),
      ["warning", "policy/acme.json", "rules.0.scopes", "grants no scope"],
    ],
    [
      "a rule whose time is over",
      ruleWith({ not_after: "2026-01-01T00:00:00Z" }),
      ["warning", "policy/acme.json", "rules.0.not_after", "ended at 2026-01-01T00:00:00Z"],
    ],
    [
      "a rule that ends before it begins",
      ruleWith({ not_before: "2027-02-01T00:00:00Z", not_after: "2027-01-01T00:00:00Z" }),
      ["warning", "policy/acme.json", "rules.0.not_after", "ends before it begins"],
    ],
    [
      "two rules of one effect",
      policyWith(permitRule(), permitRule({ id: "again", description: "the same" })),
      ["warning", "policy/acme.json", "rules.1", "the permit rule again does the same as agent-reads-files"],
    ],
    [
      "a permit that a deny always covers",
      policyWith(permitRule({ subjects: ["ada"] }), denyRule({ clients: ["agent"] })),
      ["warning", "policy/acme.json", "rules.0", "never matters: the deny rule nobody covers every request"],
    ],
    [
      "a deny inside another",
      policyWith(denyRule(), denyRule({ id: "narrower", groups: ["contractors"] })),
      ["warning", "policy/acme.json", "rules.1", "the deny rule narrower never matters"],
    ],
    [
      "issuers that speak for somebody else",
      {
        "idp/other.json": idpDocument({ issuer: "https://idp.globex.example", organization: "globex" }),
        "policy/globex.json": policyDocument({ organization: "globex" }),
        ...ruleWith({ issuers: ["https://idp.globex.example"] }),
      },
      ["warning", "policy/acme.json", "rules.0.issuers", "none of its issuers speaks for acme"],
    ],
    [
      "tenants at an issuer that has none",
      ruleWith({ tenants: ["t1"] }),
      ["warning", "policy/acme.json", "rules.0.tenants", "none of its tenants is bound to acme"],
    ],
    [
      "groups where no issuer states any",
      { "idp/idp.example.com.json": idpDocument(), ...ruleWith({ groups: ["staff"] }) },
      ["warning", "policy/acme.json", "rules.0.groups", "no issuer that it selects has a groups_claim"],
    ],
    [
      "a domain that is nobody's",
      ruleWith({ email_domains: ["globex.example"] }),
      ["warning", "policy/acme.json", "rules.0.email_domains", "authoritative for any of these domains"],
    ],
    [
      "a client that is not registered for the server",
      {
        "client/other.json": clientDocument({ client_id: "other", resources: [], authentication: secret }),
        ...ruleWith({ clients: ["other"] }),
      },
      ["warning", "policy/acme.json", "rules.0.resources", "none of its clients is registered"],
    ],
    [
      "scopes that the client may not have",
      { "client/agent.json": clientDocument({ scopes: ["files:read"] }), ...ruleWith({ scopes: ["files:write"] }) },
      ["warning", "policy/acme.json", "rules.0.scopes", "grants nothing"],
    ],
    [
      "a file called like another document",
      { "client/agent.json": clientDocument({ client_id: "other" }), "client/x.json": clientDocument() },
      ["warning", "client/agent.json", "", "its name suggests client:agent, and it describes client:other"],
    ],
    [
      "a file called almost like its document",
      { "client/agent.json": null, "client/agnet.json": null, "client/agents.json": clientDocument() },
      ["warning", "client/agents.json", "", "another spelling of client:agent"],
    ],
  ])("finds %s", async (_what, changes, [severity, file, at, problem]) => {
    const findings = await findingsIn(changes);
    expect(findings).toContainEqual({
      severity,
      file,
      at,
      problem: expect.stringContaining(problem),
      fix: expect.stringMatching(/\.$/),
    });
  });

  it("tells the one that was meant when a name differs by a slash", async () => {
    const [finding] = await findingsIn(ruleWith({ issuers: [`${IDP}/`] }));
    expect(finding?.fix).toContain(`Write "${IDP}"`);
  });

  it.each<[string, Files]>([
    ["a deny that covers half of a permit", policyWith(permitRule(), denyRule({ subjects: ["eve"] }))],
    ["a deny with an expression", policyWith(permitRule(), denyRule({ condition: 'acr == "low"' }))],
    ["a client that a family admits", { ...family(), ...ruleWith({ clients: [FAMILY.replace("*", "client.json")] }) }],
    ["a family of which somebody is", { ...family(), ...ruleWith({ clients: ["https://agents.example.net/*"] }) }],
    ["a deny that ends", policyWith(permitRule(), denyRule({ not_after: "2027-01-01T00:00:00Z" }))],
    [
      "a deny for what is impossible today",
      policyWith(permitRule(), denyRule({ id: "no-eve", subjects: ["eve"], tenants: "any" })),
    ],
  ])("has nothing against %s", async (_what, changes) => {
    expect(await findingsIn(changes)).toEqual([]);
  });

  it("lists everything that is wrong with a file, not only the first", async () => {
    const findings = await findingsIn(ruleWith({ effect: "permit", clients: 3, scopes: 4, colour: "red" }));
    expect(findings.map(({ at }) => at)).toEqual(["rules.0.clients", "rules.0.colour", "rules.0.scopes"]);
  });

  it("says nothing about what a broken file might have meant", async () => {
    const findings = await findingsIn({ "idp/idp.example.com.json": "{", "resource/files.json": "{" });
    expect(findings.map(({ file }) => file)).toEqual(["idp/idp.example.com.json", "resource/files.json"]);
  });

  it("lets files refer to what is in force beside them, and reports only files", async () => {
    const files = {
      ...Object.fromEntries(Object.keys(acmeFiles()).map((name) => [name, null])),
      ...policyWith(permitRule()),
    };
    expect((await findingsIn(files)).map(({ at }) => at)).toEqual([
      "organization",
      "rules.0.clients.0",
      "rules.0.resources.0",
    ]);
    const broken = { key: "client:broken", value: "{", path: "" };
    expect(await findingsIn(files, [...stored(), broken])).toEqual([]);
  });

  it("takes loopback addresses where the issuer is one", async () => {
    const directory = await writeTrust(
      acmeFiles({ "idp/idp.example.com.json": idpDocument({ key_set: { jwks_uri: "http://127.0.0.1:9/jwks" } }) }),
    );
    const rules = { ownHost: "127.0.0.1", allowsLoopback: true };
    const deployment = { issuer: "http://127.0.0.1:8787", rules };
    expect((await checkTrust(directory, { deployment, nowMilliseconds: NOW })).findings).toEqual([]);
  });
});

describe("checkTrust, of providers' own access tokens", () => {
  it("finds nothing where the two documents agree", async () => {
    expect(await findingsIn({ ...idpWith(TAKEN), ...taking() })).toEqual([]);
  });

  it.each<[string, Files, [severity: string, file: string, at: string, problem: string]]>([
    [
      "a provider that nobody describes",
      { "resource/files.json": resourceDocument({ provider_tokens: { "https://other.example": {} } }) },
      ["error", "resource/files.json", "provider_tokens.https://other.example", "there is no identity provider"],
    ],
    [
      "a provider whose own document says nothing of them",
      taking(),
      ["warning", "resource/files.json", `provider_tokens.${IDP}`, "has no access_tokens"],
    ],
    [
      "a client that there is not",
      { ...idpWith({ access_tokens: { clients: { "at-the-idp": "stranger" } } }), ...taking() },
      ["error", IDP_FILE, "access_tokens.clients.at-the-idp", 'there is no client "stranger"'],
    ],
    ["tokens that no server takes", idpWith(TAKEN), ["warning", IDP_FILE, "access_tokens", "no MCP server takes"]],
    [
      "two servers that take each other's",
      {
        ...idpWith(TAKEN),
        ...taking({ audience: "api://mcp" }),
        "resource/mail.json": resourceDocument({
          resource: "https://crossgate.example/mcp/mail",
          provider_tokens: { [IDP]: { audience: "api://mcp" } },
        }),
      },
      ["warning", "resource/files.json", `provider_tokens.${IDP}.audience`, "is good at"],
    ],
  ])("finds %s", async (_, changes, [severity, file, at, problem]) => {
    const found = await findingsIn(changes);
    expect(found).toContainEqual(
      expect.objectContaining({ severity, file, at, problem: expect.stringContaining(problem) as string }),
    );
  });
});
