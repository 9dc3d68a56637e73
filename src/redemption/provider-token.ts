import type { UnverifiedJws } from "../jwt/compact-jws.ts";
import type { JsonObject } from "../jwt/strict-json.ts";
import type { TrustedIdp } from "../trust/trusted-idp.ts";
import { algorithmAllowed } from "./checks/algorithm-allowed.ts";
import { signature } from "./checks/signature.ts";
import { tenant } from "./checks/tenant.ts";
import type { Dependencies } from "./dependencies.ts";
import { Rejected } from "./rejection.ts";

export interface ProviderToken {
  readonly claims: JsonObject;
  readonly idpTenant: string | null;
  readonly organization: string;
  readonly signingKeyId: string | null;
}

/**
 * A JWT of a trusted provider that is no ID-JAG: an ID token, or an access token that it issues. As strictly read, and
 * held against the same record, as an ID-JAG; `types` are all that its `typ` may be (null: none). Says nothing of
 * audience or times. @throws Rejected, Outage
 */
export async function verifyProviderToken(
  jws: UnverifiedJws,
  { idp, types }: { readonly idp: TrustedIdp; readonly types: readonly (string | null)[] },
  dependencies: Pick<Dependencies, "findKey">,
): Promise<ProviderToken> {
  if (!types.includes(jws.header.typ)) throw new Rejected("assertion_type");
  if (jws.unverified["iss"] !== idp.issuer) throw new Rejected("issuer_not_trusted");
  const bound = tenant({ jws, idp });
  const { algorithm } = algorithmAllowed({ jws, idp });
  return { ...bound, ...(await signature({ jws, idp, algorithm }, dependencies)) };
}
