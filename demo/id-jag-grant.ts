import { randomUUID } from "node:crypto";
import { createLocalJWKSet, errors as joseErrors, jwtVerify, SignJWT } from "jose";
import type { CryptoKey, JWK, JWTPayload } from "jose";
import { errors } from "oidc-provider";
import type { Provider, ProviderContext } from "oidc-provider";
import validateDpop, { checkDpopReplay } from "oidc-provider/lib/helpers/validate_dpop.js";

export const GRANT_TYPE_TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
export const TOKEN_TYPE_ID_JAG = "urn:ietf:params:oauth:token-type:id-jag";
export const TOKEN_TYPE_ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token";

// draft-ietf-oauth-identity-assertion-authz-grant §4.3.4 shows 300; the client redeems at once.
const ID_JAG_LIFETIME_SECONDS = 300;

/** One line of the enterprise's policy: this client may reach that resource, with at most these scopes. */
export interface PermittedAccess {
  idpClientId: string;
  /** Issuer identifier of the resource authorization server. */
  audience: string;
  /** The same client's identifier at that resource authorization server. */
  clientIdAtAudience: string;
  resource: string;
  scopes: string[];
}

export interface IdJagIssuing {
  issuer: string;
  policy: readonly PermittedAccess[];
  signingKey: CryptoKey;
  publicJwk: JWK & { kid: string };
  /** The user's current address, or nothing when the account no longer exists. */
  emailOf(subject: string): string | undefined;
}

type Parameters = Readonly<Record<string, string | undefined>>;

const PARAMETERS = [
  "requested_token_type",
  "subject_token",
  "subject_token_type",
  "actor_token",
  "actor_token_type",
  "audience",
  "resource",
  "scope",
  "authorization_details",
];

/** Adds RFC 8693 token exchange to the provider, for ID-JAGs and nothing else. */
export function registerIdJagGrant(provider: Provider, issuing: IdJagIssuing): void {
  provider.registerGrantType(GRANT_TYPE_TOKEN_EXCHANGE, (context) => exchange(provider, context, issuing), PARAMETERS);
}

async function exchange(provider: Provider, context: ProviderContext, issuing: IdJagIssuing): Promise<void> {
  const { client, params } = context.oidc;
  if (!client || !params) throw refusal("invalid_client", "the exchange needs an authenticated client");

  refuseUnsupported(params);
  const identity = await verifiedIdentity(params, client.clientId, issuing);
  const access = permittedAccess(params, client.clientId, issuing.policy);
  const scope = grantedScope(params["scope"], access);
  const proofKeyThumbprint = await provenKeyThumbprint(provider, context, client.clientId);

  context.body = {
    issued_token_type: TOKEN_TYPE_ID_JAG,
    access_token: await signIdJag(idJagClaims(identity, access, { scope, proofKeyThumbprint }), issuing),
    // RFC 8693 §2.2.1: an ID-JAG is not an access token, so there is no way to present it as one.
    token_type: "N_A",
    expires_in: ID_JAG_LIFETIME_SECONDS,
    scope,
  };
}

function refuseUnsupported(params: Parameters): void {
  if (params["requested_token_type"] !== TOKEN_TYPE_ID_JAG)
    throw refusal("invalid_request", `requested_token_type must be ${TOKEN_TYPE_ID_JAG}`);
  if (params["subject_token_type"] !== TOKEN_TYPE_ID_TOKEN)
    throw refusal("invalid_request", `subject_token_type must be ${TOKEN_TYPE_ID_TOKEN}`);
  // §4.3 leaves actor tokens unprofiled: an `act` claim must not come from one that nobody validated.
  if (params["actor_token"] !== undefined || params["actor_token_type"] !== undefined)
    throw refusal("invalid_request", "actor_token is not supported");
  // RFC 9396 §5: a type that is not understood is refused, never dropped.
  if (params["authorization_details"] !== undefined)
    throw refusal("invalid_authorization_details", "authorization_details is not supported");
}

interface VerifiedIdentity {
  subject: string;
  email: string;
  /** auth_time, acr and amr, as far as the ID Token had them. */
  authenticationEvent: JWTPayload;
}

/** draft-ietf-oauth-identity-assertion-authz-grant §4.3.3: our own ID Token, made for this very client. */
async function verifiedIdentity(
  params: Parameters,
  clientId: string,
  issuing: IdJagIssuing,
): Promise<VerifiedIdentity> {
  const claims = await verifiedIdToken(params["subject_token"], clientId, issuing);
  const email = claims.sub === undefined ? undefined : issuing.emailOf(claims.sub);
  if (claims.sub === undefined || email === undefined)
    throw refusal("invalid_grant", "the subject of the ID Token is no longer known");
  const authenticationEvent = Object.fromEntries(
    ["auth_time", "acr", "amr"].filter((name) => name in claims).map((name) => [name, claims[name]]),
  );
  return { subject: claims.sub, email, authenticationEvent };
}

async function verifiedIdToken(
  idToken: string | undefined,
  clientId: string,
  { issuer, publicJwk }: IdJagIssuing,
): Promise<JWTPayload> {
  if (!idToken) throw refusal("invalid_request", "subject_token is missing");
  try {
    const { payload, protectedHeader } = await jwtVerify(idToken, createLocalJWKSet({ keys: [publicJwk] }), {
      issuer,
      audience: clientId,
      algorithms: ["ES256"],
      requiredClaims: ["sub", "exp", "iat"],
    });
    // RFC 8725 §3.11: the same key signs ID-JAGs, and one of those must not buy another.
    if (protectedHeader.typ !== undefined && protectedHeader.typ.toLowerCase() !== "jwt")
      throw refusal("invalid_grant", "the subject token is not an ID Token");
    return payload;
  } catch (error) {
    if (error instanceof joseErrors.JOSEError)
      throw refusal("invalid_grant", `the ID Token was refused (${error.code})`);
    throw error;
  }
}

/** Deny by default: the one policy line for this client, this audience and this resource. */
function permittedAccess(params: Parameters, clientId: string, policy: readonly PermittedAccess[]): PermittedAccess {
  const { audience, resource } = params;
  if (!audience) throw refusal("invalid_request", "audience is missing");
  const candidates = policy.filter(
    (line) =>
      line.idpClientId === clientId &&
      line.audience === audience &&
      (resource === undefined || line.resource === resource),
  );
  const [access, ...others] = candidates;
  // RFC 8693 §2.2.2; without `resource` the choice among several would be ours, not the enterprise's.
  if (!access || others.length > 0)
    throw refusal("invalid_target", "no policy gives this client that audience and resource");
  return access;
}

/** §4.3.3: the granted scope may be less than was asked. Asking for none is asking for all that is permitted. */
function grantedScope(requested: string | undefined, access: PermittedAccess): string {
  const wanted = requested === undefined ? access.scopes : requested.split(" ");
  const granted = wanted.filter((scope) => access.scopes.includes(scope));
  if (granted.length === 0) throw refusal("invalid_scope", "none of the requested scope is permitted");
  return [...new Set(granted)].join(" ");
}

/** §9.8.1.1: a proof on the exchange binds the ID-JAG to its key. */
async function provenKeyThumbprint(
  provider: Provider,
  context: ProviderContext,
  clientId: string,
): Promise<string | undefined> {
  const proof = await validateDpop(provider, context);
  await checkDpopReplay(provider, context, proof, clientId);
  return proof?.thumbprint;
}

function idJagClaims(
  identity: VerifiedIdentity,
  access: PermittedAccess,
  granted: { scope: string; proofKeyThumbprint: string | undefined },
): JWTPayload {
  return {
    ...identity.authenticationEvent,
    sub: identity.subject,
    email: identity.email,
    aud: access.audience,
    client_id: access.clientIdAtAudience,
    resource: access.resource,
    scope: granted.scope,
    ...(granted.proofKeyThumbprint && { cnf: { jkt: granted.proofKeyThumbprint } }),
  };
}

function signIdJag(claims: JWTPayload, issuing: IdJagIssuing): Promise<string> {
  const issuedAt = Math.floor(Date.now() / 1000);
  return new SignJWT(claims)
    .setProtectedHeader({ alg: "ES256", typ: "oauth-id-jag+jwt", kid: issuing.publicJwk.kid })
    .setIssuer(issuing.issuer)
    .setJti(randomUUID())
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + ID_JAG_LIFETIME_SECONDS)
    .sign(issuing.signingKey);
}

function refusal(error: string, description: string): Error {
  return new errors.CustomOIDCProviderError(error, description);
}
