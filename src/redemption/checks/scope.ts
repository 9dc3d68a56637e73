import { intersect, parseScope, type Scope } from "../../policy/scope.ts";
import type { ProtectedResource } from "../../trust/protected-resource.ts";
import type { TrustedIdp } from "../../trust/trusted-idp.ts";
import type { IdJag, Presented } from "../assertion.ts";
import { Rejected } from "../rejection.ts";

type Needs = Pick<Presented, "client" | "requestedScope"> & {
  readonly idJag: IdJag;
  readonly idp: TrustedIdp;
  readonly resource: ProtectedResource;
};

/**
 * requested ∩ asserted ∩ the client's ceiling ∩ what the resource defines. Over-asking narrows (RFC 7521 §4.1); nothing
 * left is refused. What policy permits of it comes next. An assertion without `scope` is no blank cheque: it means
 * nothing, unless its issuer's record says that policy alone decides.
 */
export function scope({ idJag, idp, client, resource, requestedScope }: Needs): { admissibleScope: Scope } {
  const requested = requestedScope === null ? null : parseScope(requestedScope);
  if (requestedScope !== null && requested === null) throw new Rejected("scope_malformed");
  const registered: Scope = new Set(Object.keys(resource.scopes));
  const ceiling = client.scopes === "any" ? registered : intersect(registered, new Set(client.scopes));
  const asserted = intersect(ceiling, idJag.assertedScope ?? absentScope(idp, ceiling));
  const admissibleScope = requested === null ? asserted : intersect(asserted, requested);
  if (admissibleScope.size === 0) throw new Rejected("scope_empty");
  return { admissibleScope };
}

function absentScope(idp: TrustedIdp, ceiling: Scope): Scope {
  return idp.scope_absent === "policy_decides" ? ceiling : new Set();
}
