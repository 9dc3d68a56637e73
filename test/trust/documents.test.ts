import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { DocumentInvalid, type DocumentKind, nameMember, parseTrustDocument } from "../../src/trust/documents.ts";
import {
  ADMIN,
  adminDocument,
  CLIENT,
  clientDocument,
  IDP,
  idpDocument,
  type Members,
  ORGANIZATION,
  permitRule,
  policyDocument,
  RESOURCE,
  resourceDocument,
  SECRET_DIGEST,
  SINK,
  sinkDocument,
  toolsDocument,
} from "../support/documents.ts";
import { makeTestKey } from "../support/test-idp.ts";

const RULES = { ownHost: "crossgate.example", allowsLoopback: false };
const NAMES: Record<DocumentKind, string> = {
  idp: IDP,
  client: CLIENT,
  resource: RESOURCE,
  tools: RESOURCE,
  policy: ORGANIZATION,
  admin: ADMIN,
  sink: SINK,
};
const KINDS = ["idp", "client", "resource", "tools", "policy", "admin", "sink"] as const;
const BUILDERS = {
  idp: idpDocument,
  client: clientDocument,
  resource: resourceDocument,
  tools: toolsDocument,
  policy: policyDocument,
  admin: adminDocument,
  sink: sinkDocument,
};

function parseText(kind: DocumentKind, text: string, name: string = NAMES[kind]) {
  return parseTrustDocument(kind, { name, text }, RULES);
}

function parse(kind: DocumentKind, overrides: Members = {}) {
  return parseText(kind, JSON.stringify(BUILDERS[kind](overrides)));
}

/** What a person reads who has made the mistake. */
function complaint(
  read: () => unknown,
): { readonly key: string; readonly path: string; readonly message: string } | null {
  try {
    read();
    return null;
  } catch (error) {
    if (!(error instanceof DocumentInvalid)) throw error;
    return { key: error.key, path: error.path, message: error.message };
  }
}

const privateKeyJwt = { methods: ["private_key_jwt"], key_set: { jwks_uri: "https://agent.example.net/jwks" } };
const secret = { methods: ["client_secret_basic"], secret_digests: [SECRET_DIGEST] };

describe("a document of every kind", () => {
  it.each(KINDS)("%s: is read, and named by its own member", (kind) => {
    expect(parse(kind)).toHaveProperty(nameMember(kind), NAMES[kind]);
  });

  it.each(KINDS)("%s: says nothing that we do not know", (kind) => {
    expect(complaint(() => parse(kind, { enabeld: false }))).toMatchObject({
      key: `${kind}:${NAMES[kind]}`,
      path: "enabeld",
    });
  });

  it.each(KINDS)("%s: has no member named __proto__ either", (kind) => {
    const text = JSON.stringify(BUILDERS[kind]()).replace("{", '{"__proto__":{"enabled":true},');
    expect(complaint(() => parseText(kind, text))?.message).toContain("__proto__");
  });

  it.each(KINDS)("%s: repeats no member", (kind) => {
    const text = JSON.stringify(BUILDERS[kind]()).replace("{", `{"${nameMember(kind)}":"twice",`);
    expect(complaint(() => parseText(kind, text))?.message).toBe(`${kind}:${NAMES[kind]}: duplicate member`);
  });

  it.each(KINDS)("%s: is governed by no key but its own", (kind) => {
    const text = JSON.stringify(BUILDERS[kind]());
    expect(complaint(() => parseText(kind, text, `${NAMES[kind]}x`))).toMatchObject({
      key: `${kind}:${NAMES[kind]}x`,
      path: nameMember(kind),
    });
  });

  it.each([
    ["no JSON", "{", "not JSON"],
    ["a bad escape in a member's name", '{"\\q":1}', "not JSON"],
    ["a list", "[]", "not an object"],
    ["nothing", "", "not JSON"],
    ["a comment", "{} // later", "not JSON"],
    ["a document larger than it may be", `{"a":"${"a".repeat(LIMITS.policyDocumentBytes)}"}`, "document too large"],
    ["a document deeper than it may be", `{"a":${"[".repeat(70)}${"]".repeat(70)}}`, "too deep"],
  ])("is refused as a whole when it is %s", (_what, text, reason) => {
    for (const kind of KINDS)
      expect(complaint(() => parseText(kind, text))?.message).toBe(`${kind}:${NAMES[kind]}: ${reason}`);
  });
});

describe("a large document", () => {
  it("is a policy of a thousand rules with ten thousand identifiers of groups as directories make them", () => {
    const group = (number: number) => `7f3a0c52-9d1e-4b6f-8a2c-${String(number).padStart(12, "0")}`;
    const rules = Array.from({ length: 1000 }, (_, at) =>
      permitRule({ id: `rule-${at}`, groups: Array.from({ length: 10 }, (_group, index) => group(10 * at + index)) }),
    );
    expect(parse("policy", { rules })).toMatchObject({ rules: { length: 1000 } });
  });

  it.each(KINDS.filter((kind) => kind !== "policy"))("is no %s", (kind) => {
    const text = JSON.stringify({ ...BUILDERS[kind](), $schema: "s".repeat(LIMITS.trustDocumentBytes) });
    expect(complaint(() => parseText(kind, text))?.message).toBe(`${kind}:${NAMES[kind]}: document too large`);
  });
});

describe("defaults", () => {
  it("of an identity provider are the narrow ones", () => {
    expect(parse("idp", { algorithms: undefined })).toMatchObject({
      enabled: true,
      algorithms: ["ES256", "RS256"],
      maximum_lifetime_seconds: 300,
      clock_tolerance_seconds: 30,
      scope_absent: "refuse",
      key_set: { kind: "remote", jwksUri: `${IDP}/jwks` },
    });
  });

  it("of a client are both grants of an ID-JAG, and no proof", () => {
    expect(parse("client")).toMatchObject({
      enabled: true,
      grant_types: ["urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:ietf:params:oauth:grant-type:jwt-dpop"],
      dpop_required: false,
    });
  });

  it("of a resource are five minutes, and no proof, and no browser", () => {
    expect(parse("resource")).toMatchObject({
      enabled: true,
      token_lifetime_seconds: 300,
      dpop_required: false,
      allowed_origins: [],
    });
  });
});

describe("a client that a metadata document describes", () => {
  const published = { methods: ["private_key_jwt"], metadata_document: true };
  const URL_OF_AGENT = "https://agent.example.net/client.json";
  const parseClient = (client_id: string, authentication: Members = published) =>
    parseText("client", JSON.stringify(clientDocument({ client_id, authentication })), client_id);

  it.each([URL_OF_AGENT, "https://agents.example.net/*", "https://agents.example.net/a/b/c/*"])("may be %s", (name) => {
    expect(parseClient(name)).toMatchObject({ client_id: name, authentication: { metadata_document: true } });
  });

  it.each<[string, string, Members]>([
    ["client_id", "agent", published],
    ["client_id", "*", published],
    ["client_id", "https://agent.example.net", published],
    ["client_id", "http://agent.example.net/client.json", published],
    ["client_id", "https://agents.example.net/a/b/c/d/*", published],
    ["client_id", "https://*.example.net/*", published],
    ["client_id", "https://10.0.0.1/client.json", published],
    ["client_id", "https://10.0.0.1/*", published],
    ["client_id", "https://agents.internal/*", published],
    ["client_id", "https://crossgate.example/client.json", published],
    ["client_id", "https://crossgate.example/*", published],
    ["client_id", "http://127.0.0.1:4000/client.json", published],
    ["client_id", "https://agents.example.net/*", privateKeyJwt],
    ["client_id", "agents/*", secret],
    [
      "authentication.methods",
      URL_OF_AGENT,
      { ...published, ...secret, methods: ["private_key_jwt", "client_secret_basic"] },
    ],
    ["authentication.key_set", URL_OF_AGENT, { ...published, key_set: privateKeyJwt.key_set }],
    ["authentication.secret_digests", URL_OF_AGENT, { ...published, secret_digests: [SECRET_DIGEST] }],
  ])("is refused for its %s: %s", (path, name, authentication) => {
    expect(complaint(() => parseClient(name, authentication))?.path).toBe(path);
  });
});

describe("a document is read", () => {
  it.each<[string, DocumentKind, Members]>([
    [
      "an issuer that many customers share",
      "idp",
      { organization: undefined, tenants: { "tenant-a": "acme", "tenant-b": "globex" } },
    ],
    [
      "an identity provider's caps at their limits",
      "idp",
      { maximum_lifetime_seconds: 600, clock_tolerance_seconds: 60 },
    ],
    ["no tolerance at all", "idp", { clock_tolerance_seconds: 0 }],
    ["a client that signs for itself", "client", { authentication: privateKeyJwt }],
    [
      "a client that may do either",
      "client",
      {
        authentication: {
          ...privateKeyJwt,
          methods: ["private_key_jwt", "client_secret_post"],
          secret_digests: [SECRET_DIGEST],
        },
      },
    ],
    [
      "a client with two secrets while one replaces the other",
      "client",
      { authentication: { ...secret, secret_digests: [SECRET_DIGEST, SECRET_DIGEST] } },
    ],
    ["a client that may reach nothing", "client", { resources: [], scopes: [] }],
    ["a challenge that asks for some scopes", "resource", { challenge_scopes: ["files:read"] }],
    ["an upstream on a port of its own", "resource", { upstream: "https://files.example.net:8443/mcp" }],
  ])("that has %s", (_what, kind, overrides) => {
    expect(complaint(() => parse(kind, overrides))).toBeNull();
  });

  it("whose keys are inline", async () => {
    const { publicJwk, material } = await makeTestKey("ES256");
    expect(parse("idp", { key_set: { keys: [publicJwk] } })).toMatchObject({
      key_set: { kind: "inline", keys: [{ material }] },
    });
  });

  it.each([
    RESOURCE,
    "https://crossgate.example",
    "https://files.example/",
    "https://files.example/mcp/",
    "https://files.example:8443/mcp",
  ])("whose resource is %s", (resource) => {
    expect(complaint(() => parseText("resource", JSON.stringify(resourceDocument({ resource })), resource))).toBeNull();
  });
});

describe("a document is refused", () => {
  it.each<[string, DocumentKind, Members, string]>([
    ["no key set", "idp", { key_set: undefined }, "key_set"],
    ["no algorithm", "idp", { algorithms: [] }, "algorithms"],
    ["alg none", "idp", { algorithms: ["none"] }, "algorithms.0"],
    ["an HMAC", "idp", { algorithms: ["ES256", "HS256"] }, "algorithms.1"],
    ["a longer lifetime than the cap", "idp", { maximum_lifetime_seconds: 601 }, "maximum_lifetime_seconds"],
    ["no lifetime", "idp", { maximum_lifetime_seconds: 0 }, "maximum_lifetime_seconds"],
    ["more tolerance than the cap", "idp", { clock_tolerance_seconds: 61 }, "clock_tolerance_seconds"],
    ["negative tolerance", "idp", { clock_tolerance_seconds: -1 }, "clock_tolerance_seconds"],
    ["neither organization nor tenants", "idp", { organization: undefined }, "organization"],
    ["organization and tenants", "idp", { tenants: { "tenant-a": "acme" } }, "organization"],
    ["an organization with a colon", "idp", { organization: "acme:x" }, "organization"],
    ["a tenant's organization with a space", "idp", { organization: undefined, tenants: { a: "a b" } }, "tenants.a"],
    ["enabled as text, which would be true", "idp", { enabled: "false" }, "enabled"],
    ["another word for scope_absent", "idp", { scope_absent: "any" }, "scope_absent"],
    ["a plain-http key set", "idp", { key_set: { jwks_uri: "http://idp.example.com/jwks" } }, "key_set.jwks_uri"],
    ["a key set at an address", "idp", { key_set: { jwks_uri: "https://169.254.169.254/jwks" } }, "key_set.jwks_uri"],
    ["a key set on this machine", "idp", { key_set: { jwks_uri: "http://127.0.0.1:8080/jwks" } }, "key_set.jwks_uri"],
    [
      "a key set at our own host",
      "idp",
      { key_set: { jwks_uri: "https://crossgate.example/jwks" } },
      "key_set.jwks_uri",
    ],
    ["a client without a method", "client", { authentication: { ...secret, methods: [] } }, "authentication.methods"],
    ["a public client", "client", { authentication: { methods: ["none"] } }, "authentication.methods.0"],
    [
      "a secret that is not hashed",
      "client",
      { authentication: { ...secret, secret_digests: ["hunter2"] } },
      "authentication.secret_digests.0",
    ],
    [
      "a secret's method without a secret",
      "client",
      { authentication: { methods: ["client_secret_post"] } },
      "authentication.secret_digests",
    ],
    [
      "a secret for a method that uses none",
      "client",
      { authentication: { ...privateKeyJwt, secret_digests: [SECRET_DIGEST] } },
      "authentication.secret_digests",
    ],
    [
      "private_key_jwt without keys",
      "client",
      { authentication: { methods: ["private_key_jwt"] } },
      "authentication.key_set",
    ],
    [
      "keys for a method that uses none",
      "client",
      { authentication: { ...secret, key_set: { jwks_uri: "https://a.example/jwks" } } },
      "authentication.key_set",
    ],
    [
      "a client's keys at an internal name",
      "client",
      { authentication: { ...privateKeyJwt, key_set: { jwks_uri: "https://keys.internal/jwks" } } },
      "authentication.key_set.jwks_uri",
    ],
    ["a grant that is no redemption", "client", { grant_types: ["refresh_token"] }, "grant_types.0"],
    ["no resources: absent is not any", "client", { resources: undefined }, "resources"],
    ["any resource: there is no such thing", "client", { resources: "any" }, "resources"],
    ["no scopes: absent is not any", "client", { scopes: undefined }, "scopes"],
    ["a scope with a space", "client", { scopes: ["a b"] }, "scopes.0"],
    ["no upstream", "resource", { upstream: undefined }, "upstream"],
    ["a plain-http upstream", "resource", { upstream: "http://files.example.net/mcp" }, "upstream"],
    ["an upstream at an address", "resource", { upstream: "https://10.0.0.1/mcp" }, "upstream"],
    ["an upstream that is ourselves", "resource", { upstream: "https://crossgate.example/mcp/files" }, "upstream"],
    ["an upstream with credentials", "resource", { upstream: "https://user:pass@files.example.net/mcp" }, "upstream"],
    ["a scope that is no scope token", "resource", { scopes: { "a b": { description: "x" } } }, "scopes.a b"],
    ["a scope without a description", "resource", { scopes: { a: {} } }, "scopes.a.description"],
    [
      "a scope with a member we do not know",
      "resource",
      { scopes: { a: { description: "x", tool: ["y"] } } },
      "scopes.a.tool",
    ],
    ["a challenge for a scope that is not defined", "resource", { challenge_scopes: ["admin"] }, "challenge_scopes"],
    ["a challenge for what every object has", "resource", { challenge_scopes: ["constructor"] }, "challenge_scopes"],
    ["tokens that live too long", "resource", { token_lifetime_seconds: 3601 }, "token_lifetime_seconds"],
    ["no rules", "policy", { rules: undefined }, "rules"],
    ["two rules of one id", "policy", { rules: [permitRule(), permitRule()] }, "rules"],
  ])("that has %s, naming where", (_what, kind, overrides, path) => {
    expect(complaint(() => parse(kind, overrides))).toMatchObject({ key: `${kind}:${NAMES[kind]}`, path });
  });

  it.each<[string, Members]>([
    ["both remote and inline", { jwks_uri: `${IDP}/jwks`, keys: [{ kty: "EC" }] }],
    ["an empty list", { keys: [] }],
    ["neither", {}],
    ["a URL alone", { url: `${IDP}/jwks` }],
  ])("whose key set is %s", (_what, keySet) => {
    expect(complaint(() => parse("idp", { key_set: keySet }))?.path).toMatch(/^key_set/);
  });

  it.each([
    ["a private key", "private_material", { d: "AAAA" }],
    ["an encryption key", "not_for_signatures", { use: "enc" }],
    ["a key of another algorithm", "algorithm_mismatch", { alg: "RS256" }],
  ])("that has %s inline, naming the key and its flaw", async (_what, flaw, members) => {
    const { publicJwk } = await makeTestKey("ES256");
    const found = complaint(() => parse("idp", { key_set: { keys: [publicJwk, { ...publicJwk, ...members }] } }));
    expect(found?.message).toContain(flaw);
    expect(found?.path).toBe("key_set.keys.1");
  });

  it.each([
    ["a fragment", "https://files.example/mcp#a"],
    ["a query", "https://files.example/mcp?a=1"],
    ["an empty query", "https://files.example/mcp?"],
    ["capital letters in its host", "https://Files.example/mcp"],
    ["a default port", "https://files.example:443/mcp"],
    ["dot segments", "https://files.example/a/../mcp"],
    ["a tab", "https://files.example/m\tcp"],
    ["a host in Unicode", "https://bücher.example/mcp"],
    ["no scheme", "files.example/mcp"],
    ["another scheme", "ftp://files.example/mcp"],
    ["credentials", "https://a@files.example/mcp"],
  ])("whose resource has %s: one server has one spelling [MCPA-14, P9728-01]", (_what, resource) => {
    const text = JSON.stringify(resourceDocument({ resource }));
    expect(complaint(() => parseText("resource", text, resource))?.path).toBe("resource");
  });

  it.each([
    "http://idp.example.com",
    "https://127.0.0.1",
    "https://crossgate.example",
    "https://idp.internal",
    "not a URL",
    "https://idp.example.com/#x",
  ])("whose issuer is %s [EMA-10]", (issuer) => {
    expect(complaint(() => parseText("idp", JSON.stringify(idpDocument({ issuer })), issuer))?.path).toBe("issuer");
  });

  it("without a word of a secret in it", () => {
    const found = complaint(() =>
      parse("client", { authentication: { ...secret, secret_digests: ["a-secret-in-the-clear"] } }),
    );
    expect(found?.message).not.toContain("a-secret-in-the-clear");
  });
});

describe("guardrails", () => {
  const external = { name: "dlp", type: "external", url: "https://dlp.example.net/", secret: "dlp" };

  it.each([
    [{ ...external, url: "http://dlp.example.net/" }],
    [{ ...external, url: "https://169.254.169.254/" }],
    [{ ...external, url: "https://crossgate.example/" }],
  ])("are asked at no address that nothing else is asked at: %j", (guardrail) => {
    expect(complaint(() => parse("resource", { guardrails: [guardrail] }))?.path).toBe("guardrails.0.url");
  });

  it.each([
    [[external, external]],
    [[{ ...external, fail: "maybe" }]],
    [[{ ...external, timeout_milliseconds: LIMITS.guardrailMilliseconds + 1 }]],
    [[{ name: "p", type: "patterns", patterns: ["(a+)+"] }]],
    [[{ name: "p", type: "patterns", patterns: Array.from({ length: 20 }, () => "[a-z]{1,20}@") }]],
    [[{ name: "P", type: "secrets" }]],
    [[{ name: "s", type: "secrets", action: "log" }]],
    [Array.from({ length: LIMITS.guardrails + 1 }, (_none, index) => ({ name: `s${index}`, type: "secrets" }))],
  ])("are refused as a whole where one is wrong: %j", (guardrails) => {
    expect(complaint(() => parse("resource", { guardrails }))?.path).toMatch(/^guardrails/);
  });

  it("fail closed, block and are told nothing, unless it is said otherwise", () => {
    const { guardrails } = parse("resource", { guardrails: [external, { name: "s", type: "secrets" }] }) as never as {
      guardrails: readonly object[];
    };
    expect(guardrails).toMatchObject([
      { fail: "closed", sends: "metadata" },
      { action: "block", when: "both" },
    ]);
  });
});
