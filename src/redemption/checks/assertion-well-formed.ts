import { MalformedJws, parseCompactJws, type UnverifiedJws } from "../../jwt/compact-jws.ts";
import type { Presented } from "../assertion.ts";
import { Rejected } from "../rejection.ts";

/** RFC 7515 §3.1, RFC 8725 §3: one strict reading of the assertion, or none. Believes nothing in it. */
export function assertionWellFormed({ assertion }: Pick<Presented, "assertion">): { jws: UnverifiedJws } {
  try {
    return { jws: parseCompactJws(assertion, "forbidden") };
  } catch (error) {
    if (error instanceof MalformedJws) throw new Rejected("assertion_malformed");
    throw error;
  }
}
