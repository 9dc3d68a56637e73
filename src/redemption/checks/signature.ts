import type { UnverifiedJws } from "../../jwt/compact-jws.ts";
import type { Algorithm } from "../../jwt/json-web-key.ts";
import { nameOfKey } from "../../jwt/key-name.ts";
import type { JsonObject } from "../../jwt/strict-json.ts";
import { isSignedBy } from "../../jwt/verify.ts";
import type { TrustedIdp } from "../../trust/trusted-idp.ts";
import type { Dependencies } from "../dependencies.ts";
import { Rejected } from "../rejection.ts";

interface Needs {
  readonly jws: UnverifiedJws;
  readonly idp: TrustedIdp;
  readonly algorithm: Algorithm;
}

/** RFC 7523 §3 item 9: exactly one key of this issuer's own set, and its signature. From here on the claims are claims. */
export async function signature(
  { jws, idp, algorithm }: Needs,
  { findKey }: Pick<Dependencies, "findKey">,
): Promise<{ claims: JsonObject; signingKeyId: string }> {
  const key = await findKey(idp, { kid: jws.header.kid, alg: algorithm });
  if (key === "no_key") throw new Rejected("key_unknown");
  if (key === "several_keys") throw new Rejected("key_ambiguous");
  if (!(await isSignedBy(jws, key, algorithm))) throw new Rejected("signature_invalid");
  return { claims: jws.unverified, signingKeyId: await nameOfKey(key) };
}
