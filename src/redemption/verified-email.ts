import { MALFORMED, readString } from "../jwt/claims.ts";
import type { JsonObject } from "../jwt/strict-json.ts";
import { LIMITS } from "../limits.ts";
import { type EmailAddress, readEmailAddress } from "../trust/email-address.ts";
import type { TrustedIdp } from "../trust/trusted-idp.ts";
import { Rejected } from "./rejection.ts";

/**
 * OIDC §5.1. An address is worth something only from a provider whose record says that it speaks for the domain, or any
 * provider could write any address; and never one that it says it has not verified.
 */
export function readVerifiedEmail(claims: JsonObject, { email_domains }: TrustedIdp): EmailAddress | null {
  if (email_domains.length === 0) return null;
  const { email_verified: verified } = claims;
  const text = readString(claims, "email", LIMITS.emailBytes);
  if (text === MALFORMED) throw new Rejected("claims_malformed");
  const email = text === undefined ? null : readEmailAddress(text);
  if (email === null || (verified !== undefined && verified !== true)) return null;
  return email_domains.includes(email.domain) ? email : null;
}
