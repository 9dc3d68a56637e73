import type { CredentialOfType } from "../trust/upstream-credential.ts";
import type { Offer } from "./ask-page.ts";
import { findAuthorizationServer } from "./authorization.ts";
import type { WantedConnection } from "./connect-link.ts";
import type { ConnectDependencies } from "./dependencies.ts";
import { ConnectRefused } from "./refusal.ts";
import type { ForwardedServer } from "../trust/protected-resource.ts";

/** What a server needs of a person: a grant at its own authorization server, or that their sign-in is lent to us. */
export type Need =
  | {
      readonly kind: "grant";
      readonly resource: ForwardedServer;
      readonly credential: CredentialOfType<"authorization_code">;
    }
  | {
      readonly kind: "identity";
      readonly resource: ForwardedServer;
      readonly scope: string | undefined;
      /** Ours at the provider, where it must be one in particular: what it gives us is for that client alone. */
      readonly clientId: string | null;
    };

/** By the document as it is now: what a link was made for may be gone. @throws ConnectRefused, Outage */
export async function findNeed(
  wanted: WantedConnection,
  { findResource }: Pick<ConnectDependencies, "findResource">,
): Promise<Need> {
  const resource = (await findResource(wanted.resource))?.document;
  if (resource?.enabled !== true || resource.upstream === undefined)
    throw new ConnectRefused("connect_nothing_to_connect");
  const { upstream_credential: credential } = resource;
  if (credential.type === "authorization_code") return { kind: "grant", resource, credential };
  // Somebody else's provider has nothing to say of this person.
  if (credential.type === "xaa" && credential.idp === wanted.issuer) {
    return { kind: "identity", resource, scope: credential.scope, clientId: credential.idp_client.client_id };
  }
  if (credential.type === "token_exchange" && credential.subject_token === "idp_token") {
    return { kind: "identity", resource, scope: credential.scope, clientId: null };
  }
  throw new ConnectRefused("connect_nothing_to_connect");
}

/** @throws ConnectRefused, Outage */
export async function describeOffer(
  need: Need,
  wanted: WantedConnection,
  uses: Pick<ConnectDependencies, "egress" | "nameOfAgent">,
): Promise<Offer> {
  const { resource } = need;
  const scope = need.kind === "grant" ? need.credential.scope : need.scope;
  return {
    serverName: resource.name,
    resource: resource.resource,
    authorizationHost: new URL(await whereAgreed(need, wanted, uses)).host,
    scopes: scope === undefined || scope === "" ? [] : scope.split(" "),
    agentName: await uses.nameOfAgent(wanted.client_id),
  };
}

async function whereAgreed(
  need: Need,
  { issuer }: WantedConnection,
  uses: Pick<ConnectDependencies, "egress">,
): Promise<string> {
  if (need.kind === "identity") return issuer;
  const server = await findAuthorizationServer(need, uses);
  return server.authorizationEndpoint ?? server.issuer;
}
