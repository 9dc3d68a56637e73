/**
 * Trust documents as people write them: plain JSON that parses, for tests to spoil in one place. A member that an
 * override sets to `undefined` is left out when the document is written.
 */
export type Members = Readonly<Record<string, unknown>>;

export const CROSSGATE = "https://crossgate.example";
export const IDP = "https://idp.example.com";
export const ORGANIZATION = "acme";
export const CLIENT = "agent";
export const RESOURCE = "https://crossgate.example/mcp/files";
export const ADMIN = "ada@acme.example";
export const SINK = "siem";
export const SECRET_DIGEST = `hmac-sha256:${"0".repeat(64)}`;

export function idpDocument(overrides: Members = {}): Members {
  return {
    issuer: IDP,
    name: "Example IdP",
    organization: ORGANIZATION,
    key_set: { jwks_uri: `${IDP}/jwks` },
    algorithms: ["ES256"],
    ...overrides,
  };
}

export function clientDocument(overrides: Members = {}): Members {
  return {
    client_id: CLIENT,
    name: "Example agent",
    authentication: { methods: ["client_secret_basic"], secret_digests: [SECRET_DIGEST] },
    resources: [RESOURCE],
    scopes: "any",
    ...overrides,
  };
}

export function resourceDocument(overrides: Members = {}): Members {
  return {
    resource: RESOURCE,
    name: "Files",
    upstream: "https://files.example.net/mcp",
    scopes: {
      "files:read": { description: "Read files", methods: ["tools/list"], tools: ["read_file"] },
      "files:write": { description: "Write files", tools: ["write_file"] },
    },
    ...overrides,
  };
}

export function toolsDocument(overrides: Members = {}): Members {
  return { resource: RESOURCE, tools: [{ name: "read_file", fingerprint: `sha256:${"A".repeat(43)}` }], ...overrides };
}

export function adminDocument(overrides: Members = {}): Members {
  return { name: ADMIN, role: "operator", authentication: { kind: "access_user" }, ...overrides };
}

export function sinkDocument(overrides: Members = {}): Members {
  return { name: SINK, type: "webhook", url: "https://siem.example.net/crossgate", secret: "SIEM", ...overrides };
}

export function policyDocument(overrides: Members = {}): Members {
  return { organization: ORGANIZATION, rules: [permitRule()], ...overrides };
}

export function permitRule(overrides: Members = {}): Members {
  return {
    id: "agent-reads-files",
    effect: "permit",
    clients: [CLIENT],
    resources: [RESOURCE],
    scopes: ["files:read", "files:write"],
    ...overrides,
  };
}

export function denyRule(overrides: Members = {}): Members {
  return { id: "nobody", effect: "deny", clients: "any", resources: "any", ...overrides };
}
