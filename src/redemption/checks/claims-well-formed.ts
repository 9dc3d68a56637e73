import { calculateJwkThumbprint } from "jose";
import { MALFORMED, type Read, readNumericDate, readString, readStringList } from "../../jwt/claims.ts";
import { readVerificationKey } from "../../jwt/json-web-key.ts";
import { digestParts } from "../../jwt/digest.ts";
import { isObject, type JsonObject } from "../../jwt/strict-json.ts";
import { LIMITS } from "../../limits.ts";
import { parseScope, type Scope } from "../../policy/scope.ts";
import type { TrustedIdp } from "../../trust/trusted-idp.ts";
import type { Actor, AuthenticationEvent, IdJag } from "../assertion.ts";
import { Rejected } from "../rejection.ts";
import { readVerifiedEmail } from "../verified-email.ts";

/**
 * ID-JAG §3.1: every claim we use is there where it must be and of its own type, before any value is looked at. A
 * numeric `jti`, an array `client_id` or an infinite `exp` all pass jose.
 */
export async function claimsWellFormed({
  claims,
  idp,
}: {
  readonly claims: JsonObject;
  readonly idp: TrustedIdp;
}): Promise<{ idJag: IdJag }> {
  const issuer = required(readString(claims, "iss", LIMITS.urlBytes));
  const jti = required(readString(claims, "jti", LIMITS.jtiBytes));
  return {
    idJag: {
      issuer,
      jti,
      hash: await digestParts([issuer, jti]),
      sub: required(readString(claims, "sub")),
      assertionAudience: readAudience(claims["aud"]),
      clientId: required(readString(claims, "client_id")),
      expiresAtSeconds: required(readNumericDate(claims, "exp")),
      issuedAtSeconds: required(readNumericDate(claims, "iat")),
      notBeforeSeconds: optional(readNumericDate(claims, "nbf")),
      assertedScope: readScope(claims),
      assertedResources: optional(readStringList(claims, "resource", LIMITS.resourcesPerAssertion)),
      assertedDetails: claims["authorization_details"],
      actor: readActor(claims["act"]),
      authentication: readAuthentication(claims),
      groups: readGroups(claims, idp),
      emailDomain: readVerifiedEmail(claims, idp)?.domain ?? null,
      confirmedKey: await readConfirmation(claims["cnf"]),
    },
  };
}

function required<T>(read: Read<T>): T {
  if (read === undefined || read === MALFORMED) throw new Rejected("claims_malformed");
  return read;
}

function optional<T>(read: Read<T>): T | null {
  return read === undefined ? null : required(read);
}

/** A string or an array of strings; how many there may be is `audience`'s to say. */
function readAudience(aud: unknown): readonly string[] {
  const list = Array.isArray(aud) ? aud : [aud];
  if (!list.every((item) => typeof item === "string")) throw new Rejected("claims_malformed");
  return list;
}

function readScope(claims: JsonObject): Scope | null {
  const text = optional(readString(claims, "scope", LIMITS.scopeTokens * (LIMITS.scopeTokenBytes + 1)));
  if (text === null) return null;
  const scope = parseScope(text);
  if (scope === null) throw new Rejected("claims_malformed");
  return scope;
}

function readAuthentication(claims: JsonObject): AuthenticationEvent {
  return {
    authTimeSeconds: optional(readNumericDate(claims, "auth_time")),
    acr: optional(readString(claims, "acr")),
    amr: Array.isArray(claims["amr"])
      ? optional(readStringList(claims, "amr", LIMITS.authenticationMethods))
      : absentOrMalformed(claims["amr"]),
  };
}

function absentOrMalformed(value: unknown): null {
  if (value !== undefined) throw new Rejected("claims_malformed");
  return null;
}

function readGroups(claims: JsonObject, idp: TrustedIdp): ReadonlySet<string> {
  if (idp.groups_claim === undefined) return new Set();
  const { [idp.groups_claim]: stated } = claims;
  // Who says that there are none, says so.
  if (Array.isArray(stated) && stated.length === 0) return new Set();
  return new Set(optional(readStringList(claims, idp.groups_claim, LIMITS.groupsPerAssertion)));
}

/** RFC 8693 §4.1: an object that names who acts, and may hold the actor before; live Okta assertions carry one. */
function readActor(act: unknown): Actor | null {
  if (act === undefined) return null;
  const fits =
    isObject(act) && depthOf(act) <= LIMITS.actorDepth && JSON.stringify(act).length <= LIMITS.actorCharacters;
  if (!fits) throw new Rejected("claims_malformed");
  const sub = required(readString(act, "sub"));
  return { sub, iss: optional(readString(act, "iss", LIMITS.urlBytes)), claim: act };
}

function depthOf(actor: JsonObject): number {
  const { act } = actor;
  return isObject(act) ? 1 + depthOf(act) : 1;
}

/** RFC 7800: by thumbprint (RFC 9449 §6.1) or by the key itself; a binding that we cannot check is never ignored. */
async function readConfirmation(cnf: unknown): Promise<string | null> {
  if (cnf === undefined) return null;
  if (!isObject(cnf)) throw new Rejected("claims_malformed");
  const { jkt, jwk, ...unsupported } = cnf;
  const isSupported = (jkt === undefined) !== (jwk === undefined) && Object.keys(unsupported).length === 0;
  if (!isSupported) throw new Rejected("confirmation_unsupported");
  if (jwk === undefined) return readThumbprint(jkt);
  const key = readVerificationKey(jwk);
  if (typeof key === "string") throw new Rejected("confirmation_unsupported");
  return calculateJwkThumbprint(key.material);
}

function readThumbprint(jkt: unknown): string {
  if (typeof jkt !== "string" || !/^[A-Za-z0-9_-]{43}$/.test(jkt)) throw new Rejected("claims_malformed");
  return jkt;
}
