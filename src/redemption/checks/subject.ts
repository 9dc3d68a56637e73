import type { JsonObject } from "../../jwt/strict-json.ts";
import type { TrustedIdp } from "../../trust/trusted-idp.ts";
import type { IdJag, Subject } from "../assertion.ts";
import type { Dependencies } from "../dependencies.ts";
import { accountPrincipal, derivePrincipal } from "../principal.ts";
import { Rejected } from "../rejection.ts";
import { subjectQueryOf } from "../subject-query.ts";

interface Needs {
  readonly claims: JsonObject;
  readonly idJag: Pick<IdJag, "issuer" | "sub">;
  readonly idp: TrustedIdp;
  readonly idpTenant: string | null;
  readonly organization: string;
}

/**
 * ID-JAG §3.1, §6.3: the subject is (issuer, tenant, sub) and nothing less. Where the issuer's record is strict, it must
 * have an account in its organization's directory, which remembers the first that it finds: that states who somebody is
 * and permits nothing, so it may stand although a later check refuses. `email` identifies nobody that is known already.
 */
export async function subject(
  { claims, idJag, idp, idpTenant, organization }: Needs,
  { resolveSubject }: Pick<Dependencies, "resolveSubject">,
): Promise<{ subject: Subject }> {
  const identity = { issuer: idJag.issuer, tenant: idpTenant, sub: idJag.sub };
  const { subject_resolution: resolution } = idp;
  if (resolution.mode === "automatic") {
    return { subject: { ...identity, account: null, principal: await derivePrincipal(identity) } };
  }
  const resolved = await resolveSubject(organization, subjectQueryOf(identity, { claims, idp, resolution }));
  if (resolved === "unknown") throw new Rejected("subject_unknown");
  if (resolved === "conflict") throw new Rejected("subject_conflict");
  const { account } = resolved;
  return { subject: { ...identity, account, principal: await accountPrincipal(organization, account) } };
}
