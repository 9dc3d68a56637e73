import { digestParts } from "../jwt/digest.ts";
import type { Subject } from "./assertion.ts";

/** One stable name for (issuer, tenant, sub); its prefix keeps principals apart from client ids (RFC 9700 §4.15). */
export async function derivePrincipal({ issuer, tenant, sub }: Omit<Subject, "principal">): Promise<string> {
  // A tenant that is absent and one that is empty must not be the same.
  return `usr_${await digestParts([issuer, tenant === null ? "" : `t${tenant}`, sub])}`;
}
