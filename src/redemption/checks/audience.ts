import type { IdJag } from "../assertion.ts";
import type { Dependencies } from "../dependencies.ts";
import { Rejected } from "../rejection.ts";

/**
 * ID-JAG §4.4.1: our issuer identifier, alone: a string or an array of that one element. Not the token endpoint's URL
 * (plain RFC 7523 would allow it), not one slash more.
 */
export function audience({ idJag }: { idJag: IdJag }, { issuer }: Pick<Dependencies, "issuer">): object {
  const [only, ...others] = idJag.assertionAudience;
  if (only !== issuer || others.length > 0) throw new Rejected("assertion_audience");
  return {};
}
