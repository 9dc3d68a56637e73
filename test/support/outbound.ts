import { env } from "cloudflare:workers";
import type { Acquired, AcquiredType, TokenAsked } from "../../durable-objects/acquisition.ts";
import { ownerOfDeploymentTokens } from "../../durable-objects/acquisition.ts";
import type { Vault } from "../../durable-objects/vault.ts";
import { DEPLOYMENT, type VaultOwner, vaultNameOf } from "../../durable-objects/vault-owner.ts";
import { bindingOf } from "../../src/trust/grant-binding.ts";
import type { GrantToKeep } from "../../src/vault/kept-grant.ts";
import { type CredentialOfType, upstreamCredentialSchema } from "../../src/trust/upstream-credential.ts";

export const RESOURCE = "https://crossgate.example/mcp/files";
export const UPSTREAM = "https://files.example.net/mcp";
export const AS = "https://as.example.net";
export const IDP = "https://idp.example.com";
const CLIENT = { client_id: "us", method: "client_secret_basic", secret: "client-secret" } as const;

const DOCUMENTS = {
  client_credentials: { type: "client_credentials", authorization_server: AS, ...CLIENT, scope: "files:read" },
  token_exchange: { type: "token_exchange", authorization_server: AS, ...CLIENT, subject_token: "idp_token" },
  xaa: { type: "xaa", idp: IDP, idp_client: CLIENT, authorization_server: AS, client: CLIENT, scope: "files:read" },
  authorization_code: {
    type: "authorization_code",
    authorization_server: AS,
    client: { kind: "registered", ...CLIENT },
  },
} as const;

export function credential<Type extends AcquiredType>(type: Type, changes: object = {}): CredentialOfType<Type> {
  return upstreamCredentialSchema.parse({ ...DOCUMENTS[type], ...changes }) as CredentialOfType<Type>;
}

const BINDING = await bindingOf(UPSTREAM, credential("authorization_code"));

export const person = (name: string = crypto.randomUUID()): VaultOwner => ({
  organization: "acme",
  owner: `usr_${name}`,
});

export function vaultOf(owner: VaultOwner): DurableObjectStub<Vault> {
  return env.VAULT.getByName(vaultNameOf(owner));
}

export async function setClientSecret(value = "hush", resources: readonly string[] | null = null): Promise<void> {
  await vaultOf(DEPLOYMENT).setSecret({ name: "client-secret", value, resources });
}

export function asked(type: AcquiredType, changes: Partial<TokenAsked> = {}): TokenAsked {
  return {
    owner: type === "client_credentials" ? ownerOfDeploymentTokens(RESOURCE) : person(),
    resource: RESOURCE,
    resourceRevision: "r1",
    upstream: UPSTREAM,
    credential: credential(type),
    issuer: IDP,
    identity: null,
    isRefused: false,
    ...changes,
  };
}

export function acquire(wanted: TokenAsked): Promise<Acquired> {
  return vaultOf(wanted.owner).acquire(wanted);
}

export function tokenOf(acquired: Acquired): string {
  if (acquired.outcome !== "acquired") throw new Error(`not acquired: ${acquired.reason}`);
  return acquired.token;
}

/** A grant whose access token is over, so that the next use renews it. */
export function staleGrant(refreshToken: string | null, changes: Partial<GrantToKeep> = {}): GrantToKeep {
  return {
    authorization_server: AS,
    client: CLIENT,
    subject: null,
    upstream: UPSTREAM,
    resource: UPSTREAM,
    binding: BINDING,
    scope: "files:read",
    refresh_token: refreshToken,
    token: "access-of-before",
    token_issued_at: 0,
    token_expires_at: 1,
    signed_in_at: Date.now(),
    ...changes,
  };
}

export function staleIdentity(
  subject: string,
  refreshToken: string | null,
  changes: Partial<GrantToKeep> = {},
): GrantToKeep {
  const identity = { authorization_server: IDP, subject, upstream: "", resource: null, binding: null, token: null };
  return staleGrant(refreshToken, { ...identity, ...changes });
}
