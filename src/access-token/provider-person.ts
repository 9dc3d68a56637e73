import { isObject, type JsonObject } from "../jwt/strict-json.ts";
import { Rejected } from "../redemption/rejection.ts";
import { readEmailAddress } from "../trust/email-address.ts";
import type { TrustedIdp } from "../trust/trusted-idp.ts";

const CLIENT_CLAIMS = ["client_id", "azp", "cid", "appid"];
const CLIENT_GRANTS: ReadonlySet<unknown> = new Set(["client-credentials", "client_credentials"]);

/**
 * RFC 9068 §5: a token that a client got for itself must not be taken for one of a person's. Its subject is the client,
 * or it says so in its provider's own way (Auth0, Entra). @param foreign the client, by the name that it has there
 */
export function requirePerson(claims: JsonObject, foreign: string): void {
  const { sub, gty, idtyp } = claims;
  const clients = [foreign, ...CLIENT_CLAIMS.map((claim) => claims[claim])].filter((name) => typeof name === "string");
  const isClient = clients.some((client) => sub === client || sub === `${client}@clients`);
  const grants: readonly unknown[] = Array.isArray(gty) ? gty : [gty];
  if (isClient || grants.some((grant) => CLIENT_GRANTS.has(grant)) || idtyp === "app")
    throw new Rejected("subject_unknown");
}

/**
 * Whether the token says all that the record has us know of a person. Its client chooses the scopes by which a provider
 * puts groups and addresses into it: what it left out must not get it past a rule that denies.
 */
export function areFactsStated(claims: JsonObject, idp: TrustedIdp): boolean {
  return areGroupsStated(claims, idp) && isEmailStated(claims, idp);
}

/** OIDC Core §5.6.2: claims that are kept elsewhere, as Entra keeps groups when there are too many, are not said here. */
function areGroupsStated(claims: JsonObject, { groups_claim: claim }: TrustedIdp): boolean {
  if (claim === undefined) return true;
  const { _claim_names: elsewhere } = claims;
  const isElsewhere = isObject(elsewhere) ? Object.hasOwn(elsewhere, claim) : elsewhere !== undefined;
  return claims[claim] !== undefined && !isElsewhere;
}

function isEmailStated({ email, email_verified: verified }: JsonObject, { email_domains }: TrustedIdp): boolean {
  if (email_domains.length === 0) return true;
  const isVerified = verified === undefined || verified === true;
  return isVerified && typeof email === "string" && readEmailAddress(email) !== null;
}
