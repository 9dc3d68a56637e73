import type { GatewayRefusal, Refusal } from "../audit/reason.ts";
import { readString, readStringList } from "../jwt/claims.ts";
import type { UnverifiedJws } from "../jwt/compact-jws.ts";
import { digestParts } from "../jwt/digest.ts";
import type { JsonObject } from "../jwt/strict-json.ts";
import { LIMITS } from "../limits.ts";
import { intersect, parseScope, type Scope } from "../policy/scope.ts";
import { findWindow } from "../redemption/acceptance-window.ts";
import type { IdJag, Subject } from "../redemption/assertion.ts";
import { claimsWellFormed } from "../redemption/checks/claims-well-formed.ts";
import { subject } from "../redemption/checks/subject.ts";
import type { Dependencies } from "../redemption/dependencies.ts";
import { type ProviderToken, verifyProviderToken } from "../redemption/provider-token.ts";
import { Rejected } from "../redemption/rejection.ts";
import { documentFenceName } from "../revocation/document-fence.ts";
import { namesOf } from "../revocation/fence-names.ts";
import type { Client } from "../trust/client.ts";
import type { ProtectedResource } from "../trust/protected-resource.ts";
import type { AcceptedProvider, ProviderAccessTokens } from "../trust/provider-tokens.ts";
import type { Revised } from "../trust/trust-store.ts";
import type { TrustedIdp } from "../trust/trusted-idp.ts";
import { areFactsStated, requirePerson } from "./provider-person.ts";
import type { AccessToken, Verdict } from "./verify.ts";

export interface ProviderAccessAsked {
  readonly jws: UnverifiedJws;
  /** Whose it says that it is. */
  readonly issuer: string;
  /** By the record of the server that is called. */
  readonly accepted: AcceptedProvider;
  readonly resource: ProtectedResource;
  readonly resourceRevision: string;
  readonly nowSeconds: number;
}

/** Each may throw `Outage`, and nothing else. */
export interface ProviderAccessDependencies extends Pick<Dependencies, "findIdp" | "findKey" | "resolveSubject"> {
  readonly findClient: (clientId: string) => Promise<Revised<Client> | null>;
}

/**
 * For agents that speak no Cross App Access: the provider's own access token (RFC 9068), where its record and that of
 * the server both say that it is taken. It is held against the same records as an ID-JAG, and policy decides each call
 * by it as by a token of ours; but it may be used until it expires, and by whoever has it unless it is bound to a key.
 * @throws Outage
 */
export async function acceptProviderToken(
  asked: ProviderAccessAsked,
  uses: ProviderAccessDependencies,
): Promise<Verdict> {
  try {
    const token = await accept(asked, uses);
    return { token, refusal: token.scope.size === 0 ? "scope_insufficient" : null };
  } catch (error) {
    if (error instanceof Rejected) return { token: null, refusal: REFUSALS[error.reason] ?? "token_malformed" };
    throw error;
  }
}

/** What is wrong with the token, in the gateway's terms; whatever is not here says that it is none. */
const REFUSALS: Partial<Record<Refusal, GatewayRefusal>> = {
  issuer_not_trusted: "token_issuer",
  issuer_disabled: "token_issuer",
  tenant_not_bound: "token_issuer",
  algorithm_not_allowed: "token_signature",
  key_unknown: "token_signature",
  key_ambiguous: "token_signature",
  signature_invalid: "token_signature",
  assertion_audience: "token_audience",
  assertion_expired: "token_expired",
  assertion_not_yet_valid: "token_expired",
  assertion_lifetime: "token_lifetime",
  client_mismatch: "token_client",
  resource_not_for_client: "token_client",
  confirmation_unsupported: "token_binding",
  proof_missing: "token_binding",
  subject_unknown: "token_subject",
  subject_conflict: "token_subject",
  subject_identifier_invalid: "token_subject",
};

/** Everything is asked of what has been verified, in the order of a redemption. */
async function accept(asked: ProviderAccessAsked, uses: ProviderAccessDependencies): Promise<AccessToken> {
  const { idp, rules, idpRevision } = await findProvider(asked.issuer, uses);
  const types = rules.types.map((type) => (type === "none" ? null : type));
  const verified = await verifyProviderToken(asked.jws, { idp, types }, uses);
  const { claims } = verified;
  requireNoOtherToken(claims);
  const foreign = requireForUs(claims, rules, asked);
  const { client, clientRevision } = await findClient(rules.clients[foreign], asked.resource, uses);
  requirePerson(claims, foreign);
  const tokenId = await nameOf(asked);
  const { idJag } = await claimsWellFormed({ claims: inTermsOfIdJag(claims, { client, tokenId }), idp });
  requireTimely(idJag, { idp, rules, nowSeconds: asked.nowSeconds });
  if (client.dpop_required && idJag.confirmedKey === null) throw new Rejected("proof_missing");
  const resolved = await subject({ ...verified, idJag, idp }, uses);
  const scope = scopeOf(claims[rules.scope_claim], client, asked);
  const documents = { idp: idpRevision, client: clientRevision, resource: asked.resourceRevision };
  return describe({ ...resolved, idJag, verified, idp, client, tokenId, scope, documents }, asked);
}

async function findProvider(
  issuer: string,
  { findIdp }: ProviderAccessDependencies,
): Promise<{ readonly idp: TrustedIdp; readonly rules: ProviderAccessTokens; readonly idpRevision: string }> {
  const found = await findIdp(issuer);
  const idp = found?.document;
  if (idp === undefined || idp.issuer !== issuer) throw new Rejected("issuer_not_trusted");
  if (!idp.enabled || idp.access_tokens === undefined) throw new Rejected("issuer_disabled");
  return { idp, rules: idp.access_tokens, idpRevision: found?.revision ?? "" };
}

/** OIDC Core §2, §3.1.3.6, §3.3.2.11, RFC 8417 §2.2: of an ID token, and of a security event or logout token. */
const CLAIMS_OF_OTHERS = ["nonce", "at_hash", "c_hash", "s_hash", "events"];

/**
 * Where a provider calls all its JWTs the same, what is in them must tell them apart. An ID token says who has signed in;
 * it has been through a browser, and lets nobody do anything.
 */
function requireNoOtherToken(claims: JsonObject): void {
  const { typ, token_use: use } = claims;
  const saysOther = typ !== undefined && !(typeof typ === "string" && /^(?:bearer|dpop|at\+jwt)$/i.test(typ));
  if (saysOther || (use !== undefined && use !== "access")) throw new Rejected("assertion_type");
  if (CLAIMS_OF_OTHERS.some((claim) => claims[claim] !== undefined)) throw new Rejected("assertion_type");
}

/**
 * For that one audience and no other: what another server is also meant to get, it could bring here. What is for the very
 * client that has it is an ID token. @returns the client, as the provider's record must name it
 */
function requireForUs(
  claims: JsonObject,
  { client_claim, clients }: ProviderAccessTokens,
  { accepted, resource }: ProviderAccessAsked,
): string {
  const audiences = readStringList(claims, "aud", LIMITS.resourcesPerAssertion);
  const expected = accepted.audience ?? resource.resource;
  if (!Array.isArray(audiences) || audiences.length !== 1 || audiences[0] !== expected) {
    throw new Rejected("assertion_audience");
  }
  const foreign = readString(claims, client_claim);
  if (typeof foreign !== "string" || !Object.hasOwn(clients, foreign)) throw new Rejected("client_mismatch");
  if (foreign === expected) throw new Rejected("assertion_type");
  return foreign;
}

async function findClient(
  clientId: string | undefined,
  { resource }: ProtectedResource,
  uses: ProviderAccessDependencies,
): Promise<{ readonly client: Client; readonly clientRevision: string }> {
  const found = clientId === undefined ? null : await uses.findClient(clientId);
  const client = found?.document;
  if (client?.enabled !== true) throw new Rejected("client_mismatch");
  if (!client.resources.includes(resource)) throw new Rejected("resource_not_for_client");
  return { client, clientRevision: found?.revision ?? "" };
}

/** By all that is signed, since not every provider names its tokens, and a signature may have two spellings. */
function nameOf({ issuer, jws }: ProviderAccessAsked): Promise<string> {
  return digestParts(["provider-token", issuer, jws.token.slice(0, jws.token.lastIndexOf("."))]);
}

/** Its readers are the strictest there are. Scope is read apart, and what it is for has been. */
function inTermsOfIdJag(
  { scope: _scope, resource: _resource, ...claims }: JsonObject,
  { client, tokenId }: { readonly client: Client; readonly tokenId: string },
): JsonObject {
  // RFC 9396: limits in terms of another server's types. Without them its scope alone would count for more.
  if (claims["authorization_details"] !== undefined) throw new Rejected("claims_malformed");
  return { ...claims, client_id: client.client_id, jti: tokenId };
}

/** Exact at its end: who has a token for minutes needs no grace. */
function requireTimely(
  idJag: IdJag,
  { idp, rules, nowSeconds }: { readonly idp: TrustedIdp; readonly rules: ProviderAccessTokens; nowSeconds: number },
): void {
  const window = findWindow(idJag, nowSeconds, {
    clockToleranceSeconds: idp.clock_tolerance_seconds,
    maximumLifetimeSeconds: rules.maximum_lifetime_seconds,
  });
  if (typeof window === "string") throw new Rejected(window);
  if (nowSeconds >= idJag.expiresAtSeconds) throw new Rejected("assertion_expired");
}

/** Stated, as the server's record translates it ∩ the client's ceiling ∩ what the server defines. Policy comes next. */
function scopeOf(stated: unknown, client: Client, { accepted, resource }: ProviderAccessAsked): Scope {
  const defined: Scope = new Set(Object.keys(resource.scopes));
  const ceiling = client.scopes === "any" ? defined : intersect(defined, new Set(client.scopes));
  const { scopes } = accepted;
  if (scopes === "policy_decides") return ceiling;
  const foreign = readScope(stated);
  if (scopes === "as_stated") return intersect(ceiling, foreign);
  const ours = [...foreign].flatMap((name) => (Object.hasOwn(scopes, name) ? (scopes[name] ?? []) : []));
  return intersect(ceiling, new Set(ours));
}

/** RFC 8693 §4.2: one text; some providers send a list. */
function readScope(stated: unknown): Scope {
  if (stated === undefined || stated === "") return new Set();
  const text: unknown =
    Array.isArray(stated) && stated.every((one) => typeof one === "string") ? stated.join(" ") : stated;
  const scope = typeof text === "string" ? parseScope(text) : null;
  if (scope === null) throw new Rejected("claims_malformed");
  return scope;
}

interface Established {
  readonly subject: Subject;
  readonly idJag: IdJag;
  readonly verified: ProviderToken;
  readonly idp: TrustedIdp;
  readonly client: Client;
  readonly tokenId: string;
  readonly scope: Scope;
  /** By kind, the revisions that it was accepted by. */
  readonly documents: Readonly<Record<"idp" | "client" | "resource", string>>;
}

/** The same facts as in a token of ours; nothing was left out of them for the policy of its day. */
function describe(
  { subject: known, idJag, verified, idp, client, tokenId, scope, documents }: Established,
  { resource: { resource } }: ProviderAccessAsked,
): AccessToken {
  const { organization, signingKeyId } = verified;
  const { issuer, sub, tenant, principal } = known;
  const clientId = client.client_id;
  const named = { issuer, sub, tenant, principal, organization, clientId, resource, tokenId };
  const { authentication, issuedAtSeconds } = idJag;
  // As at a redemption: one that was replaced by a narrower one ends it before KV has spread that.
  const documentNames = Object.entries(documents).map(([kind, revision]) => documentFenceName(kind, revision));
  const signedInAt = Math.min(authentication.authTimeSeconds ?? issuedAtSeconds, issuedAtSeconds);
  return {
    kind: "provider",
    tokenId,
    audience: resource,
    principal,
    subject: { issuer, sub, tenant },
    clientId,
    organization,
    actor: idJag.actor?.sub ?? null,
    scope,
    authorizationDetailsTypes: new Set(),
    authentication,
    groups: idJag.groups,
    emailDomain: idJag.emailDomain,
    isFactsStated: areFactsStated(verified.claims, idp),
    policy: { revision: null, asked: null },
    expiresAtSeconds: idJag.expiresAtSeconds,
    confirmedKey: idJag.confirmedKey,
    fenced: {
      names: [...namesOf({ ...named, assertionKeyId: signingKeyId, signingKeyId: null }), ...documentNames],
      signedInAtMilliseconds: signedInAt * 1000,
    },
  };
}
