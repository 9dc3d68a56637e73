import { digestParts } from "../jwt/digest.ts";
import type { Subject } from "./assertion.ts";

/** One stable name for (issuer, tenant, sub); its prefix keeps principals apart from client ids (RFC 9700 §4.15). */
export async function derivePrincipal({
  issuer,
  tenant,
  sub,
}: Pick<Subject, "issuer" | "tenant" | "sub">): Promise<string> {
  // A tenant that is absent and one that is empty must not be the same.
  return `usr_${await digestParts([issuer, tenant === null ? "" : `t${tenant}`, sub])}`;
}

/** One name for an account, whichever provider vouches for it; of two parts, so that no (issuer, tenant, sub) has it. */
export async function accountPrincipal(organization: string, account: string): Promise<string> {
  return `usr_${await digestParts([organization, account])}`;
}
