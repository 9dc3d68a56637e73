import type { UnverifiedJws } from "../../jwt/compact-jws.ts";
import { MALFORMED, readString } from "../../jwt/claims.ts";
import type { TrustedIdp } from "../../trust/trusted-idp.ts";
import { Rejected } from "../rejection.ts";

/**
 * ID-JAG §6.1: at an issuer that many customers share, one key set signs for all of them, so the signature says nothing
 * about whose user this is; `tenant` does, and must be one that an administrator tied to an organization. A single-
 * tenant issuer speaks for its one organization. `aud_tenant`, the tenant on our side, must be that organization.
 */
export function tenant({ jws, idp }: { jws: UnverifiedJws; idp: TrustedIdp }): {
  idpTenant: string | null;
  organization: string;
} {
  const claimed = readString(jws.unverified, "tenant");
  const ours = readString(jws.unverified, "aud_tenant");
  if (claimed === MALFORMED || ours === MALFORMED) throw new Rejected("claims_malformed");
  const organization = organizationOf(idp, claimed);
  if (organization === undefined || (ours ?? organization) !== organization) throw new Rejected("tenant_not_bound");
  return { idpTenant: idp.tenants === undefined ? null : (claimed ?? null), organization };
}

function organizationOf(idp: TrustedIdp, claimed: string | undefined): string | undefined {
  if (idp.tenants === undefined) return idp.organization;
  return claimed !== undefined && Object.hasOwn(idp.tenants, claimed) ? idp.tenants[claimed] : undefined;
}
