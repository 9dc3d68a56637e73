import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { createRandomSecret, digestClientSecret } from "../../../cli/client-secret.ts";
import { reservePort } from "../../../cli/listening-port.ts";
import { type LocalCrossgate, startLocalCrossgate } from "../../../cli/local-runtime.ts";
import { createSigningKeys } from "../../../cli/signing-keys.ts";
import { createVaultKeys } from "../../../cli/vault-keys.ts";
import { bundleWorker } from "../../../cli/worker-bundle.ts";
import { clientDocument, IDP, idpDocument, type Members, policyDocument } from "../../support/documents.ts";
import { type DpopKey, makeProof } from "../../support/dpop.ts";
import { TestIdp } from "../../support/test-idp.ts";

const CLIENTS = ["agent", "other-agent"] as const;
type ClientName = (typeof CLIENTS)[number];

export interface TokenRequest {
  /** The path of the MCP server. */
  readonly path: string;
  readonly scope?: string;
  readonly sub?: string;
  /** That the provider asserts of the person. */
  readonly groups?: readonly string[];
  readonly client?: ClientName;
  readonly dpopKey?: DpopKey;
}

/** Crossgate in front of some MCP servers, and an identity provider that lets anybody be anyone. */
export interface GuardedServers {
  readonly crossgate: LocalCrossgate;
  readonly idp: TestIdp;
  /** By client, at the token endpoint. */
  readonly clientSecrets: Readonly<Record<ClientName, string>>;
  urlOf(path: string): string;
  /** Through the real token endpoint, with an ID-JAG of its own. */
  accessToken(request: TokenRequest): Promise<string>;
  auditEvents(): Promise<readonly AuditRecord[]>;
  stop(): Promise<void>;
}

/** What an event has nothing to say of is left out of it. */
const auditRecordSchema = z.looseObject({
  type: z.string(),
  decision: z.string(),
  reason: z.string().nullable().default(null),
  correlation_id: z.string(),
  method: z.string().nullable().default(null),
  target: z.string().nullable().default(null),
  upstream_status: z.number().nullable().default(null),
  resource: z.string().nullable().default(null),
  principal: z.string().nullable().default(null),
  subject: z.string().nullable().default(null),
  member: z.string().nullable().default(null),
  member_tool: z.string().nullable().default(null),
});
export type AuditRecord = z.output<typeof auditRecordSchema>;

const SCOPES = {
  "tools:read": { description: "See what there is", methods: ["tools/list", "prompts/list", "resources/list"] },
  "tools:echo": { description: "Call the harmless tool", tools: ["echo"] },
  "tools:any": { description: "Call any tool", methods: ["tools/call"] },
};

/** What else is written down beside what everybody may. */
export interface Besides {
  readonly rules?: readonly Members[];
  readonly documents?: (issuer: string) => readonly { readonly key: string; readonly value: object }[];
}

/** What differs from an ordinary document, where it names other servers by what makes URLs of their paths. */
type Differences = Members | ((urlOf: (path: string) => string) => Members);

/** `servers`: by path, what differs from an ordinary document; `upstream` must be there, or `virtual`. */
export async function guardServers(
  servers: Readonly<Record<string, Differences>>,
  { rules = [], documents: others = () => [] }: Besides = {},
): Promise<GuardedServers> {
  const port = await reservePort("127.0.0.1", 0);
  const issuer = `http://127.0.0.1:${port}`;
  const idp = await TestIdp.start();
  const secrets = {
    SIGNING_KEYS: JSON.stringify(await createSigningKeys()),
    AUDIT_SIGNING_KEYS: JSON.stringify(await createSigningKeys()),
    VAULT_KEYS: JSON.stringify(createVaultKeys()),
    CLIENT_SECRET_PEPPER: createRandomSecret(),
    STATE_SECRET: createRandomSecret(),
  };
  const clientSecrets = { agent: createRandomSecret(), "other-agent": createRandomSecret() };
  const resources = Object.entries(servers).map(([path, differences]) =>
    resourceOf(issuer + path, typeof differences === "function" ? differences((other) => issuer + other) : differences),
  );
  const everywhere = { resources: resources.map(({ resource }) => resource) };
  const documents = [
    { key: `idp:${IDP}`, value: idpDocument({ key_set: idp.jwks, groups_claim: "groups" }) },
    ...CLIENTS.map((name) => ({
      key: `client:${name}`,
      value: clientOf(name, everywhere, digestClientSecret(clientSecrets[name], secrets.CLIENT_SECRET_PEPPER)),
    })),
    ...resources.map((document) => ({ key: `resource:${document.resource}`, value: document })),
    { key: "policy:acme", value: policyDocument({ rules: [permitEverything(), ...rules] }) },
    ...others(issuer),
  ].map(({ key, value }) => ({ key, value: JSON.stringify(value) }));
  const bundleDirectory = await mkdtemp(join(tmpdir(), "crossgate-test-bundle-"));
  await bundleWorker(bundleDirectory);
  const crossgate = await startLocalCrossgate({ port, documents, secrets, bundleDirectory });
  return {
    crossgate,
    idp,
    clientSecrets,
    urlOf: (path) => issuer + path,
    accessToken: (request) => redeem(request, { issuer, idp, clientSecrets }),
    auditEvents: () => readAuditEvents(crossgate),
    stop: async () => {
      await crossgate.stop();
      await rm(bundleDirectory, { recursive: true, force: true });
    },
  };
}

function resourceOf(resource: string, differences: Members): Members & { readonly resource: string } {
  return { resource, name: resource, scopes: SCOPES, ...differences };
}

function clientOf(name: string, everywhere: Members, digest: string): Members {
  const authentication = { methods: ["client_secret_basic"], secret_digests: [digest] };
  return clientDocument({ client_id: name, name, authentication, ...everywhere });
}

function permitEverything(): Members {
  return { id: "everybody", effect: "permit", clients: "any", resources: "any", scopes: Object.keys(SCOPES) };
}

interface Authority {
  readonly issuer: string;
  readonly idp: TestIdp;
  readonly clientSecrets: Readonly<Record<ClientName, string>>;
}

const answerSchema = z.looseObject({ access_token: z.string().optional(), error: z.string().optional() });

async function redeem(request: TokenRequest, authority: Authority): Promise<string> {
  const first = await askForToken(request, authority, null);
  // A bound token takes a proof with the server's nonce, which is learned by asking (RFC 9449 §8).
  const nonce = first.headers.get("dpop-nonce");
  const response = nonce === null ? first : await askForToken(request, authority, nonce);
  const answer = answerSchema.parse(await response.json());
  if (answer.access_token === undefined) throw new Error(`no access token: ${response.status} ${answer.error ?? ""}`);
  return answer.access_token;
}

async function askForToken(request: TokenRequest, authority: Authority, nonce: string | null): Promise<Response> {
  const { issuer, idp, clientSecrets } = authority;
  const { path, scope = "tools:read tools:echo", sub = "ada", client = "agent", groups, dpopKey } = request;
  const claims = { aud: issuer, client_id: client, sub, scope, resource: issuer + path, ...(groups && { groups }) };
  const assertion = await idp.issue({ ...claims, ...(dpopKey && { cnf: { jkt: dpopKey.thumbprint } }) });
  const headers = new Headers({ authorization: `Basic ${btoa(`${client}:${clientSecrets[client]}`)}` });
  if (dpopKey !== undefined) {
    const nowSeconds = Math.floor(Date.now() / 1000);
    headers.set(
      "dpop",
      await makeProof(dpopKey, nowSeconds, { claims: { htu: `${issuer}/token`, nonce: nonce ?? undefined } }),
    );
  }
  const grant_type = "urn:ietf:params:oauth:grant-type:jwt-bearer";
  return fetch(`${issuer}/token`, { method: "POST", headers, body: new URLSearchParams({ grant_type, assertion }) });
}

async function readAuditEvents({ d1 }: LocalCrossgate): Promise<readonly AuditRecord[]> {
  const { results } = await d1.prepare("SELECT event FROM audit_event ORDER BY time, sequence").all();
  return results.map(({ event }) => auditRecordSchema.parse(JSON.parse(String(event))));
}
