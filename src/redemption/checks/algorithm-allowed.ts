import type { UnverifiedJws } from "../../jwt/compact-jws.ts";
import type { Algorithm } from "../../jwt/json-web-key.ts";
import type { TrustedIdp } from "../../trust/trusted-idp.ts";
import { Rejected } from "../rejection.ts";

/** RFC 8725 §3.1: exactly one of the algorithms this issuer's record allows. `none` and every HMAC are not in the type. */
export function algorithmAllowed({ jws, idp }: { jws: UnverifiedJws; idp: TrustedIdp }): { algorithm: Algorithm } {
  const algorithm = idp.algorithms.find((allowed) => allowed === jws.header.alg);
  if (algorithm === undefined) throw new Rejected("algorithm_not_allowed");
  return { algorithm };
}
