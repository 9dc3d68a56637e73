import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRandomSecret, digestClientSecret } from "../../../cli/client-secret.ts";
import { reservePort } from "../../../cli/listening-port.ts";
import { type LocalCrossgate, startLocalCrossgate } from "../../../cli/local-runtime.ts";
import type { LocalSecrets } from "../../../cli/secrets.ts";
import { createSigningKeys } from "../../../cli/signing-keys.ts";
import { createVaultKeys } from "../../../cli/vault-keys.ts";
import { bundleWorker } from "../../../cli/worker-bundle.ts";
import { type IdentityProvider, startIdentityProvider } from "../../../demo/identity-provider.ts";
import { type McpServer, startEverythingServer } from "../../../demo/mcp-server.ts";
import { clientDocument, idpDocument, type Members, policyDocument } from "../../support/documents.ts";
import { setSecret } from "./vault.ts";

const REDIRECT_URI = "http://127.0.0.1:9/callback";
const SCOPES = ["tools:read", "tools:echo"];
const MEANINGS = {
  "tools:read": { description: "See what there is", methods: ["tools/list"] },
  "tools:echo": { description: "Call the harmless tool", tools: ["echo"] },
};
export const ADA = { subject: "user-ada", email: "ada@acme.example", groups: [], password: createRandomSecret() };
export const AGENT = { client_id: "agent-at-idp", client_secret: createRandomSecret(), redirect_uri: REDIRECT_URI };
export const GATEWAY = { client_id: "gateway-at-idp", client_secret: createRandomSecret(), redirect_uri: REDIRECT_URI };

/**
 * A gateway in front of an MCP server that only takes tokens of its own authorization server, which speaks XAA: another
 * Crossgate, with the reference server behind it. One identity provider, of both.
 */
export interface TwoCrossgates {
  readonly idp: IdentityProvider;
  readonly front: LocalCrossgate;
  readonly back: LocalCrossgate;
  readonly frontUrl: string;
  readonly backUrl: string;
  /** Of the agent, at the front. */
  readonly agentSecret: string;
  stop(): Promise<void>;
}

export async function startTwoCrossgates(): Promise<TwoCrossgates> {
  const [frontPort, backPort] = [await reservePort("127.0.0.1", 0), await reservePort("127.0.0.1", 0)];
  const [frontIssuer, backIssuer] = [`http://127.0.0.1:${frontPort}`, `http://127.0.0.1:${backPort}`];
  const [frontUrl, backUrl] = [`${frontIssuer}/files/mcp`, `${backIssuer}/everything/mcp`];
  const bundleDirectory = await mkdtemp(join(tmpdir(), "crossgate-test-bundle-"));
  const [everything, idp] = await Promise.all([
    startEverythingServer(),
    startIdp([
      { idpClientId: AGENT.client_id, audience: frontIssuer, clientIdAtAudience: "agent", resource: frontUrl },
      { idpClientId: GATEWAY.client_id, audience: backIssuer, clientIdAtAudience: "front", resource: backUrl },
    ]),
    bundleWorker(bundleDirectory),
  ]);
  const at = { idp, bundleDirectory };
  const [agentSecret, frontSecret] = [createRandomSecret(), createRandomSecret()];
  const back = await start({
    ...at,
    port: backPort,
    url: backUrl,
    client: "front",
    secret: frontSecret,
    upstream: everything.url,
  });
  const front = await start({
    ...at,
    port: frontPort,
    url: frontUrl,
    client: "agent",
    secret: agentSecret,
    upstream: backUrl,
    upstream_credential: {
      type: "xaa",
      idp: idp.issuer,
      idp_client: { client_id: GATEWAY.client_id, method: "client_secret_post", secret: "gateway-at-idp" },
      authorization_server: backIssuer,
      client: { client_id: "front", method: "client_secret_basic", secret: "front-at-back" },
    },
  });
  await setSecret(front, "gateway-at-idp", GATEWAY.client_secret);
  await setSecret(front, "front-at-back", frontSecret);
  const stop = (): Promise<unknown> =>
    Promise.all([front.stop(), back.stop(), idp.close(), everything.close(), rm(bundleDirectory, { recursive: true })]);
  return { idp, front, back, frontUrl, backUrl, agentSecret, stop: async () => void (await stop()) };
}

type Permission = Omit<Parameters<typeof startIdentityProvider>[0]["grants"][number], "scopes">;

function startIdp(permissions: readonly Permission[]): Promise<IdentityProvider> {
  const grants = permissions.map((permission) => ({ ...permission, scopes: SCOPES }));
  return startIdentityProvider({ users: [ADA], clients: [AGENT, GATEWAY], grants });
}

interface Starting {
  readonly port: number;
  readonly idp: IdentityProvider;
  readonly bundleDirectory: string;
  readonly url: string;
  readonly client: string;
  readonly secret: string;
  readonly upstream: McpServer["url"];
  readonly upstream_credential?: Members;
}

async function start({
  port,
  idp,
  bundleDirectory,
  url,
  client,
  secret,
  ...behind
}: Starting): Promise<LocalCrossgate> {
  const secrets: LocalSecrets = {
    SIGNING_KEYS: JSON.stringify(await createSigningKeys()),
    AUDIT_SIGNING_KEYS: JSON.stringify(await createSigningKeys()),
    VAULT_KEYS: JSON.stringify(createVaultKeys()),
    CLIENT_SECRET_PEPPER: createRandomSecret(),
    STATE_SECRET: createRandomSecret(),
  };
  const digest = digestClientSecret(secret, secrets.CLIENT_SECRET_PEPPER);
  const authentication = { methods: ["client_secret_basic", "client_secret_post"], secret_digests: [digest] };
  const rule = { id: "everybody", effect: "permit", clients: "any", resources: "any", scopes: SCOPES };
  const documents = {
    [`idp:${idp.issuer}`]: idpDocument({ issuer: idp.issuer, key_set: { jwks_uri: idp.jwksUri } }),
    [`client:${client}`]: clientDocument({ client_id: client, name: client, authentication, resources: [url] }),
    [`resource:${url}`]: { resource: url, name: url, scopes: MEANINGS, ...behind },
    "policy:acme": policyDocument({ rules: [rule] }),
  };
  const written = Object.entries(documents).map(([key, value]) => ({ key, value: JSON.stringify(value) }));
  return startLocalCrossgate({ port, documents: written, secrets, bundleDirectory });
}
