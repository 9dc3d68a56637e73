import type { UnverifiedJws } from "../../jwt/compact-jws.ts";
import type { AssertionType } from "../../trust/trusted-idp.ts";
import { Passed } from "../passed.ts";
import { Rejected } from "../rejection.ts";

const ID_JAG_TYPE = "oauth-id-jag+jwt";

/**
 * ID-JAG §4.4.1, RFC 8725 §3.11: an ID Token, access token, client assertion or security event is never an ID-JAG.
 * Compared as a media type: case folded, with or without its "application/".
 */
export function assertionType({ jws }: { jws: UnverifiedJws }): {
  typeChecked: Passed<"assertion_type">;
  assertionType: AssertionType;
} {
  if (jws.header.typ !== ID_JAG_TYPE) throw new Rejected("assertion_type");
  return { typeChecked: new Passed("assertion_type"), assertionType: "id-jag" };
}
