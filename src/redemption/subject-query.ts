import { readString } from "../jwt/claims.ts";
import { isObject, type JsonObject } from "../jwt/strict-json.ts";
import type { SubjectKey } from "../policy/subject-key.ts";
import { accountIdSchema, type SubjectQuery } from "../trust/account.ts";
import { samlNameIdSchema, spellSamlNameId } from "../trust/saml-name-id.ts";
import type { StrictResolution } from "../trust/subject-resolution.ts";
import type { TrustedIdp } from "../trust/trusted-idp.ts";
import { Rejected } from "./rejection.ts";
import { readVerifiedEmail } from "./verified-email.ts";

interface Stated {
  readonly claims: JsonObject;
  readonly idp: TrustedIdp;
  readonly resolution: StrictResolution;
}

/** What verified claims say about who their subject is here, of which the issuer's record lets only some count. */
export function subjectQueryOf(subject: SubjectKey, stated: Stated): SubjectQuery {
  const { by } = stated.resolution;
  return {
    ...subject,
    account: by.includes("aud_sub") ? readAccount(stated.claims) : null,
    samlNameId: readSamlNameId(stated),
    email: by.includes("email") ? (readVerifiedEmail(stated.claims, stated.idp)?.address ?? null) : null,
  };
}

function readAccount(claims: JsonObject): string | null {
  const account = readString(claims, "aud_sub");
  if (account === undefined) return null;
  const parsed = accountIdSchema.safeParse(account);
  if (!parsed.success) throw new Rejected("subject_identifier_invalid");
  return parsed.data;
}

/**
 * ID-JAG §3.2.2 and §9.5: complete, and of the one SAML issuer that the record ties to this `iss`, before anything is
 * looked up: whoever `sub_id` names as its issuer has signed nothing here.
 */
function readSamlNameId({ claims, idp, resolution }: Stated): string | null {
  const { sub_id: subId } = claims;
  const isRequired = resolution.saml_nameid_required;
  if (!isRequired && !resolution.by.includes("saml_nameid")) return null;
  if (subId === undefined && !isRequired) return null;
  // A format of other namespaces says nothing here, unless this one is demanded.
  if (!isRequired && isObject(subId) && typeof subId["format"] === "string" && subId["format"] !== "saml-nameid")
    return null;
  const parsed = samlNameIdSchema.safeParse(subId);
  if (!parsed.success || parsed.data.issuer !== idp.saml_issuer) throw new Rejected("subject_identifier_invalid");
  return spellSamlNameId(parsed.data);
}
