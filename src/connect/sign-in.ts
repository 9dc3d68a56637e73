import { authorizationUrl, makeCodeProof } from "../oauth-client/authorization.ts";
import { type AuthorizationServer, discoverAuthorizationServer } from "../oauth-client/discovery.ts";
import { authorizationCodeGrant } from "../oauth-client/grants.ts";
import { requestToken } from "../oauth-client/token-request.ts";
import type { SignIn, TrustedIdp } from "../trust/trusted-idp.ts";
import type { GrantToKeep } from "../vault/kept-grant.ts";
import type { WantedConnection } from "./connect-link.ts";
import type { ConnectDependencies } from "./dependencies.ts";
import { type IdToken, verifyIdToken } from "./id-token.ts";
import { type Journey, type JourneyAt, type Person, randomText } from "./journey.ts";
import { inTermsOf, PROVIDER_FAILURES, receiveCode } from "./oauth-leg.ts";
import { recognize, requireSamePerson } from "./person.ts";
import { signedInUri } from "./redirect-uri.ts";
import { ConnectRefused } from "./refusal.ts";
import { registrationAtProvider } from "./registration.ts";
import { requireNotRevoked } from "./revoked.ts";

interface Provider {
  readonly idp: TrustedIdp;
  readonly signIn: SignIn;
  readonly server: AuthorizationServer;
}

/** A browser to be sent out, and what it has to remember meanwhile. */
export interface Departure {
  readonly location: string;
  readonly journey: Journey;
}

/** To the identity provider, to learn who this is: nothing is lent to us there. @throws ConnectRefused, Outage */
export async function departToSignIn(wanted: WantedConnection, uses: ConnectDependencies): Promise<Departure> {
  const provider = await findProvider(wanted.issuer, uses);
  const { location, sent } = await depart(provider, provider.signIn.scopes, uses);
  return { location, journey: { step: "signing_in", wanted, ...sent } };
}

/**
 * To the identity provider once more, for somebody who has agreed that their sign-in is lent to us: what it then gives is
 * what Cross App Access begins with. @throws ConnectRefused, Outage
 */
export async function departToLend(
  { wanted, person }: JourneyAt<"asked">,
  { clientId }: { readonly clientId: string | null },
  uses: ConnectDependencies,
): Promise<Departure> {
  const provider = await findProvider(wanted.issuer, uses);
  const isFit = clientId === null || clientId === provider.signIn.client_id;
  if (!isFit) throw new ConnectRefused("connect_sign_in_not_configured");
  const { scopes, refresh_scopes: more } = provider.signIn;
  const { location, sent } = await depart(provider, [...new Set([...scopes, ...more])], uses);
  const url = new URL(location);
  // OIDC Core §11: without it, nothing that outlives the session is given.
  if (more.includes("offline_access")) url.searchParams.set("prompt", "consent");
  return { location: url.href, journey: { step: "lending", wanted, person, ...sent } };
}

export interface SignedIn {
  readonly person: Person;
  /** What may be kept of it, where the person has agreed to that. */
  readonly identity: GrantToKeep;
}

/**
 * Back from the identity provider, as the very person that the link was made for. What comes to another provider's
 * redirect URI is that provider's, and looked at no further (mix-up, RFC 9700 §4.4). @throws ConnectRefused, Outage
 */
export async function receiveSignIn(
  url: URL,
  journey: JourneyAt<"signing_in"> | JourneyAt<"lending">,
  uses: ConnectDependencies & { readonly nowSeconds: number },
): Promise<SignedIn> {
  const { wanted, state, verifier, nonce } = journey;
  const redirectUri = await signedInUri(wanted.issuer, uses.issuer);
  if (`${uses.issuer}${url.pathname}` !== redirectUri) throw new ConnectRefused("connect_issuer_mismatch");
  const { idp, signIn, server } = await findProvider(wanted.issuer, uses);
  const sent = { server, state, refused: "connect_sign_in_refused" } as const;
  const code = await receiveCode(url.searchParams, sent, uses);
  const { nowSeconds } = uses;
  const registration = registrationAtProvider(signIn);
  const client = await uses.prove(registration, idp.issuer);
  const grant = authorizationCodeGrant({ code, redirectUri, codeVerifier: verifier });
  const request = { server, client, grant, nowSeconds, expectedType: "bearer" } as const;
  const issued = await inTermsOf(PROVIDER_FAILURES, () => requestToken(request, uses.egress));
  if (issued.idToken === null) throw new ConnectRefused("connect_id_token_invalid");
  const idToken = await verifyIdToken(issued.idToken, { idp, clientId: signIn.client_id, nonce, nowSeconds }, uses);
  const person = await identify(idToken, idp, { wanted, uses });
  const identity = {
    authorization_server: idp.issuer,
    client: registration,
    subject: idToken.sub,
    upstream: "",
    resource: null,
    binding: null,
    scope: issued.scope,
    refresh_token: issued.refreshToken,
    token: issued.idToken,
    token_issued_at: nowSeconds * 1000,
    token_expires_at: idToken.expiresAtSeconds * 1000,
    signed_in_at: person.signed_in_at * 1000,
  };
  return { person, identity };
}

async function identify(
  idToken: IdToken,
  idp: TrustedIdp,
  { wanted, uses }: { readonly wanted: WantedConnection; readonly uses: ConnectDependencies },
): Promise<Person> {
  const person = await recognize(idToken, idp, uses);
  requireSamePerson(person, wanted);
  await requireNotRevoked({ person, wanted }, uses);
  return person;
}

async function findProvider(issuer: string, uses: ConnectDependencies): Promise<Provider> {
  const idp = (await uses.findIdp(issuer))?.document;
  if (idp?.enabled !== true || idp.sign_in === undefined) throw new ConnectRefused("connect_sign_in_not_configured");
  const server = await inTermsOf(PROVIDER_FAILURES, () => discoverAuthorizationServer(issuer, uses.egress));
  return { idp, signIn: idp.sign_in, server };
}

async function depart({ idp, signIn, server }: Provider, scopes: readonly string[], uses: ConnectDependencies) {
  const { verifier, challenge } = await makeCodeProof();
  const sent = { state: randomText(), nonce: randomText(), verifier };
  const request = {
    server,
    clientId: signIn.client_id,
    redirectUri: await signedInUri(idp.issuer, uses.issuer),
    state: sent.state,
    nonce: sent.nonce,
    codeChallenge: challenge,
    scope: scopes.join(" "),
  };
  return { location: await inTermsOf(PROVIDER_FAILURES, () => authorizationUrl(request)), sent };
}
