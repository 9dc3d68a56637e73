import type { Dependencies } from "../redemption/dependencies.ts";
import { accountPrincipal, derivePrincipal } from "../redemption/principal.ts";
import type { TrustedIdp } from "../trust/trusted-idp.ts";
import type { WantedConnection } from "./connect-link.ts";
import type { IdToken } from "./id-token.ts";
import type { Person } from "./journey.ts";
import { ConnectRefused } from "./refusal.ts";

/**
 * Who has signed in, as the gateway knows the callers of its calls: by (issuer, tenant, sub), and where the provider's
 * record is strict by the account that is bound to them. An ID token binds nobody: who has no account by now has made no
 * call either. @throws ConnectRefused, Outage
 */
export async function recognize(
  { sub, name, idpTenant, organization, signedInAtSeconds }: IdToken,
  idp: TrustedIdp,
  { resolveSubject }: Pick<Dependencies, "resolveSubject">,
): Promise<Person> {
  const identity = { issuer: idp.issuer, tenant: idpTenant, sub };
  const known = { ...identity, organization, name, signed_in_at: signedInAtSeconds };
  if (idp.subject_resolution.mode === "automatic") {
    return { ...known, account: null, principal: await derivePrincipal(identity) };
  }
  const bySubject = { ...identity, account: null, samlNameId: null, email: null };
  const resolved = await resolveSubject(organization, bySubject);
  if (typeof resolved === "string") throw new ConnectRefused("connect_person_unknown");
  const { account } = resolved;
  return { ...known, account, principal: await accountPrincipal(organization, account) };
}

/**
 * A link is for one person. Without this, whoever sent it to somebody else would have that person's account at the
 * server connected to his own calls, or the other way about. @throws ConnectRefused
 */
export function requireSamePerson(person: Person, wanted: WantedConnection): void {
  const isSame =
    person.principal === wanted.principal &&
    person.organization === wanted.organization &&
    person.issuer === wanted.issuer &&
    person.tenant === wanted.tenant;
  if (!isSame) throw new ConnectRefused("connect_person_mismatch", { person });
}
