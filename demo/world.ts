import { join } from "node:path";
import { createRandomSecret, digestClientSecret } from "../cli/client-secret.ts";
import { reservePort } from "../cli/listening-port.ts";
import { type LocalCrossgate, startLocalCrossgate } from "../cli/local-runtime.ts";
import type { LocalSecrets } from "../cli/secrets.ts";
import { createSigningKeys } from "../cli/signing-keys.ts";
import { createVaultKeys } from "../cli/vault-keys.ts";
import { requireTrustDocuments } from "../cli/trust-documents.ts";
import { type IdentityProvider, type IdentityProviderOptions, startIdentityProvider } from "./identity-provider.ts";
import { type McpServer, startEverythingServer } from "./mcp-server.ts";

/** The addresses that the documents in config/ are written with; here each moves to a free port. */
const CONFIGURED = { crossgate: "http://127.0.0.1:8787", idp: "http://127.0.0.1:8788", mcp: "http://127.0.0.1:8789" };
const CONFIG_DIRECTORY = join(import.meta.dirname, "..", "config");

export const USER = { subject: "alice", email: "alice@acme.example", password: createRandomSecret() };
export const IDP_CLIENT = {
  client_id: "desktop-agent-at-the-idp",
  client_secret: createRandomSecret(),
  redirect_uri: "http://127.0.0.1/callback",
};
/** Somebody else's authorization server, which the same identity provider also issues for. */
export const ELSEWHERE = "https://authorization.elsewhere.example";

export interface World {
  readonly crossgate: LocalCrossgate;
  readonly idp: IdentityProvider;
  readonly everythingUrl: string;
  readonly payrollUrl: string;
  /** By client_id, at Crossgate. */
  readonly clientSecrets: ReadonlyMap<string, string>;
  close(): Promise<void>;
}

/** Starts the identity provider, the MCP server and Crossgate, and tells them about each other. */
export async function startWorld(bundleDirectory?: string): Promise<World> {
  const port = await reservePort("127.0.0.1", 0);
  const issuer = `http://127.0.0.1:${port}`;
  const [idp, mcp] = await Promise.all([startIdentityProvider(idpOptions(issuer)), startEverythingServer({})]);
  const secrets = await makeSecrets();
  const clientSecrets = new Map(["desktop-agent", "browser-agent"].map((id) => [id, createRandomSecret()]));
  const documents = await configure({ issuer, idp, mcp, secrets, clientSecrets });
  const crossgate = await startLocalCrossgate({
    port,
    documents,
    secrets,
    ...(bundleDirectory && { bundleDirectory }),
  });
  return {
    crossgate,
    idp,
    clientSecrets,
    everythingUrl: `${issuer}/everything/mcp`,
    payrollUrl: `${issuer}/payroll/mcp`,
    close: async () => {
      await Promise.all([crossgate.stop(), idp.close(), mcp.close()]);
    },
  };
}

/** What Acme's administrators have decided at the identity provider. */
function idpOptions(issuer: string): IdentityProviderOptions {
  const asked = { idpClientId: IDP_CLIENT.client_id, clientIdAtAudience: "desktop-agent" };
  const scopes = ["tools:read", "tools:echo", "tools:any"];
  return {
    users: [USER],
    clients: [IDP_CLIENT],
    grants: [
      { ...asked, audience: issuer, resource: `${issuer}/everything/mcp`, scopes },
      { ...asked, audience: ELSEWHERE, resource: `${ELSEWHERE}/mcp`, scopes },
    ],
  };
}

async function makeSecrets(): Promise<LocalSecrets> {
  return {
    SIGNING_KEYS: JSON.stringify(await createSigningKeys()),
    AUDIT_SIGNING_KEYS: JSON.stringify(await createSigningKeys()),
    VAULT_KEYS: JSON.stringify(createVaultKeys()),
    CLIENT_SECRET_PEPPER: createRandomSecret(),
    STATE_SECRET: createRandomSecret(),
  };
}

interface Parts {
  readonly issuer: string;
  readonly idp: IdentityProvider;
  readonly mcp: McpServer;
  readonly secrets: LocalSecrets;
  readonly clientSecrets: ReadonlyMap<string, string>;
}

/** config/ as it stands in the repository, with this run's addresses and this run's client secrets. */
async function configure(parts: Parts): Promise<{ key: string; value: string }[]> {
  const documents = await requireTrustDocuments(CONFIG_DIRECTORY, { ownHost: "127.0.0.1", allowsLoopback: true });
  return documents.map(({ key, value }) => ({
    key: move(key, parts),
    value: fillSecret(key, move(value, parts), parts),
  }));
}

function move(text: string, { issuer, idp, mcp }: Parts): string {
  return text
    .replaceAll(CONFIGURED.crossgate, issuer)
    .replaceAll(`${CONFIGURED.idp}/jwks`, idp.jwksUri)
    .replaceAll(CONFIGURED.idp, idp.issuer)
    .replaceAll(`${CONFIGURED.mcp}/mcp`, mcp.url);
}

function fillSecret(key: string, value: string, { secrets, clientSecrets }: Parts): string {
  const secret = clientSecrets.get(key.slice("client:".length));
  const digest = secret === undefined ? undefined : digestClientSecret(secret, secrets.CLIENT_SECRET_PEPPER);
  return digest === undefined ? value : value.replaceAll(/hmac-sha256:0{64}/g, digest);
}
