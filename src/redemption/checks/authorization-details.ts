import type { IdJag, Presented } from "../assertion.ts";
import { Passed } from "../passed.ts";
import { Rejected } from "../rejection.ts";

type Needs = Pick<Presented, "requestedAuthorizationDetails"> & { readonly idJag: IdJag };
type Gives = { readonly detailsChecked: Passed<"authorization_details"> };

/** RFC 9396 §5: a type that nobody here understands is refused; dropping it would grant something else than was asked. */
export function authorizationDetails({ idJag, requestedAuthorizationDetails }: Needs): Gives {
  if (idJag.hasAuthorizationDetails || requestedAuthorizationDetails !== null) {
    throw new Rejected("authorization_details_unsupported");
  }
  return { detailsChecked: new Passed("authorization_details") };
}
