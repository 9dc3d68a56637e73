import type { IdJag, Presented } from "../assertion.ts";
import { Rejected } from "../rejection.ts";

type Needs = Pick<Presented, "requestedAuthorizationDetails"> & { readonly idJag: IdJag };

/** RFC 9396 §5: a type that nobody here understands is refused; dropping it would grant something else than was asked. */
export function authorizationDetails({ idJag, requestedAuthorizationDetails }: Needs): object {
  if (idJag.hasAuthorizationDetails || requestedAuthorizationDetails !== null) {
    throw new Rejected("authorization_details_unsupported");
  }
  return {};
}
