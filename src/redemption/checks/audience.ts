import type { IdJag } from "../assertion.ts";
import type { Dependencies } from "../dependencies.ts";
import { Passed } from "../passed.ts";
import { Rejected } from "../rejection.ts";

/**
 * ID-JAG §4.4.1: our issuer identifier, alone: a string or an array of that one element. Not the token endpoint's URL
 * (plain RFC 7523 would allow it), not one slash more.
 */
export function assertionAudience(
  { idJag }: { idJag: IdJag },
  { issuer }: Pick<Dependencies, "issuer">,
): { audienceChecked: Passed<"audience"> } {
  const [only, ...others] = idJag.assertionAudience;
  if (only !== issuer || others.length > 0) throw new Rejected("assertion_audience");
  return { audienceChecked: new Passed("audience") };
}
