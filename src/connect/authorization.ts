import { authorizationUrl, makeCodeProof } from "../oauth-client/authorization.ts";
import { type AuthorizationServer, discoverAuthorizationServer, discoverIssuerOf } from "../oauth-client/discovery.ts";
import { authorizationCodeGrant } from "../oauth-client/grants.ts";
import { requestToken } from "../oauth-client/token-request.ts";
import { bindingOf } from "../trust/grant-binding.ts";
import type { CredentialOfType } from "../trust/upstream-credential.ts";
import type { GrantToKeep } from "../vault/kept-grant.ts";
import type { ConnectDependencies } from "./dependencies.ts";
import { type JourneyAt, randomText } from "./journey.ts";
import { inTermsOf, receiveCode, UPSTREAM_FAILURES } from "./oauth-leg.ts";
import { callbackUri } from "./redirect-uri.ts";
import { ConnectRefused } from "./refusal.ts";
import { registrationAtUpstream } from "./registration.ts";
import type { Departure } from "./sign-in.ts";
import type { ForwardedServer } from "../trust/protected-resource.ts";

export interface Granting {
  readonly resource: ForwardedServer;
  readonly credential: CredentialOfType<"authorization_code">;
}

/** To the server's own authorization server, for somebody who has agreed. @throws ConnectRefused, Outage */
export async function departToAuthorize(
  { wanted, person }: JourneyAt<"asked">,
  granting: Granting,
  uses: ConnectDependencies,
): Promise<Departure> {
  const server = await findAuthorizationServer(granting, uses);
  requireDistinct(granting, server);
  const { client_id: clientId } = registrationAtUpstream(granting.credential, uses.issuer);
  const { verifier, challenge } = await makeCodeProof();
  const state = randomText();
  const request = {
    server,
    clientId,
    redirectUri: await callbackUri(granting.credential, server.issuer, uses.issuer),
    state,
    codeChallenge: challenge,
    scope: granting.credential.scope,
    resource: granting.resource.upstream,
  };
  const location = await inTermsOf(UPSTREAM_FAILURES, () => authorizationUrl(request));
  const journey = {
    step: "authorizing",
    wanted,
    person,
    state,
    verifier,
    authorization_server: server.issuer,
    binding: await bindingOf(granting.resource.upstream, granting.credential),
  } as const;
  return { location, journey };
}

/**
 * Back from there. The code is redeemed at the server that the browser was sent to and at no other, whatever the answer
 * says (mix-up, RFC 9700 §4.4): it must name itself where it says that it does, and a client that is registered by hand
 * has a redirect URI for each. @throws ConnectRefused, Outage
 */
export async function receiveAuthorization(
  url: URL,
  { journey, granting }: { readonly journey: JourneyAt<"authorizing">; readonly granting: Granting },
  uses: ConnectDependencies & { readonly nowSeconds: number },
): Promise<GrantToKeep> {
  const { state, verifier, authorization_server: issuer, binding } = journey;
  // What the person has agreed to is not what the document asks for any more.
  if (binding !== (await bindingOf(granting.resource.upstream, granting.credential))) {
    throw new ConnectRefused("connect_document_changed");
  }
  const redirectUri = await callbackUri(granting.credential, issuer, uses.issuer);
  if (`${uses.issuer}${url.pathname}` !== redirectUri) throw new ConnectRefused("connect_issuer_mismatch");
  const server = await findAuthorizationServer(granting, uses);
  requireDistinct(granting, server);
  // Where the document names none, the upstream names another by now.
  if (server.issuer !== issuer) throw new ConnectRefused("connect_issuer_mismatch");
  const sent = { server, state, refused: "connect_authorization_refused" } as const;
  const code = await receiveCode(url.searchParams, sent, uses);
  const { resource, credential } = granting;
  const registration = registrationAtUpstream(credential, uses.issuer);
  const client = await uses.prove(registration, resource.resource);
  const grant = authorizationCodeGrant({ code, redirectUri, codeVerifier: verifier, resource: resource.upstream });
  const request = { server, client, grant, nowSeconds: uses.nowSeconds, expectedType: "bearer" } as const;
  const issued = await inTermsOf(UPSTREAM_FAILURES, () => requestToken(request, uses.egress));
  const { upstream } = resource;
  return {
    authorization_server: issuer,
    client: registration,
    subject: null,
    upstream,
    resource: upstream,
    binding,
    // RFC 6749 §5.1: what was asked for, where the answer does not say.
    scope: issued.scope ?? credential.scope ?? null,
    refresh_token: issued.refreshToken,
    token: issued.token,
    token_issued_at: uses.nowSeconds * 1000,
    token_expires_at: (uses.nowSeconds + issued.lifetimeSeconds) * 1000,
    signed_in_at: journey.person.signed_in_at * 1000,
  };
}

/**
 * Servers that know us by our metadata document send people back to one address. So each must say who it is (RFC 9207), or
 * a server could have another's code brought to it, or its own brought here as another's (RFC 9700 §4.4).
 */
function requireDistinct({ credential }: Granting, { namesItself }: AuthorizationServer): void {
  if (credential.client.kind === "metadata_document" && !namesItself)
    throw new ConnectRefused("connect_authorization_server_unfit");
}

/** Where the person will agree: for the page that asks, before anything is sent there. @throws ConnectRefused, Outage */
export async function findAuthorizationServer(
  { resource, credential }: Granting,
  { egress }: Pick<ConnectDependencies, "egress">,
): Promise<AuthorizationServer> {
  return inTermsOf(UPSTREAM_FAILURES, async () => {
    const issuer = credential.authorization_server ?? (await discoverIssuerOf(resource.upstream, egress));
    return discoverAuthorizationServer(issuer, egress);
  });
}
