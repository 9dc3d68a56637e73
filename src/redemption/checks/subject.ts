import { derivePrincipal } from "../principal.ts";
import type { IdJag, Subject } from "../assertion.ts";

/**
 * ID-JAG §3.1, §6.3: the subject is (issuer, tenant, sub) and nothing less. `email` never identifies anyone: an identity
 * provider could write any domain into it.
 */
export async function subject({
  idJag,
  idpTenant,
}: {
  readonly idJag: IdJag;
  readonly idpTenant: string | null;
}): Promise<{ subject: Subject }> {
  const identity = { issuer: idJag.issuer, tenant: idpTenant, sub: idJag.sub };
  return { subject: { ...identity, principal: await derivePrincipal(identity) } };
}
