import type { UnverifiedJws } from "../../jwt/compact-jws.ts";
import { readString } from "../../jwt/claims.ts";
import { LIMITS } from "../../limits.ts";
import type { TrustedIdp } from "../../trust/trusted-idp.ts";
import type { Decided, Dependencies } from "../dependencies.ts";
import { Rejected } from "../rejection.ts";

type Needs = Pick<Dependencies, "issuer" | "findIdp">;

/**
 * ID-JAG §4.1: the issuer is one that an administrator trusts, with this kind of assertion, compared byte for byte. We are never our own identity
 * provider (§9.3), and the record that comes back must name the issuer that was asked for (mix-up).
 */
export async function issuerTrusted(
  { jws, assertionType }: { readonly jws: UnverifiedJws } & Pick<Decided, "typeChecked" | "assertionType">,
  { issuer, findIdp }: Needs,
): Promise<{ idp: TrustedIdp; idpRevision: string }> {
  const claimed = readString(jws.unverified, "iss", LIMITS.urlBytes);
  if (typeof claimed !== "string" || claimed === issuer) throw new Rejected("issuer_not_trusted");
  const found = await findIdp(claimed);
  if (found === null || found.document.issuer !== claimed) throw new Rejected("issuer_not_trusted");
  if (!found.document.enabled) throw new Rejected("issuer_disabled");
  if (!found.document.assertion_types.includes(assertionType)) throw new Rejected("assertion_type_not_accepted");
  return { idp: found.document, idpRevision: found.revision };
}
