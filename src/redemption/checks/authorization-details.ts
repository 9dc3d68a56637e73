import { AmbiguousJson, isObject, type Json, type JsonObject, parseStrict } from "../../jwt/strict-json.ts";
import { LIMITS } from "../../limits.ts";
import { type AuthorizationDetail, isCovered } from "../../policy/authorization-details.ts";
import { fitsDetailsType } from "../../trust/details-type.ts";
import type { ProtectedResource } from "../../trust/protected-resource.ts";
import type { IdJag, Presented } from "../assertion.ts";
import { Rejected } from "../rejection.ts";

type Needs = Pick<Presented, "requestedAuthorizationDetails"> & {
  readonly idJag: IdJag;
  readonly resource: ProtectedResource;
};

/**
 * RFC 9396 §5: each element of a type that the resource has registered, of that type's shape, and for this resource; one
 * that nobody understands is refused, since dropping it would grant something else than was asked. The assertion is the
 * ceiling: what is asked for must be in it, and nothing may be asked for where it says nothing.
 */
export function authorizationDetails({ idJag, resource, requestedAuthorizationDetails }: Needs): {
  admissibleDetails: readonly AuthorizationDetail[];
} {
  const { assertedDetails } = idJag;
  const asserted = assertedDetails === undefined ? null : read(JSON.stringify(assertedDetails), resource);
  if (requestedAuthorizationDetails === null) return { admissibleDetails: asserted ?? [] };
  const requested = read(requestedAuthorizationDetails, resource);
  const narrowableOf = (type: string): readonly string[] => typeOf(type, resource).narrowable;
  if (asserted === null || !isCovered(requested, asserted, narrowableOf)) {
    throw new Rejected("authorization_details_exceeded");
  }
  return { admissibleDetails: requested };
}

const BOUNDS = { depth: LIMITS.detailsDepth, members: LIMITS.jsonMembers, items: LIMITS.jsonMembers, foldCaseDepth: 0 };

/** Both sides in the same strict way, so that neither can hold what the other could not. */
function read(text: string, resource: ProtectedResource): readonly AuthorizationDetail[] {
  const list = parse(text);
  if (!Array.isArray(list) || list.length === 0 || list.length > LIMITS.detailsPerRequest) return malformed();
  return list.map((element: Json) => readElement(element, resource));
}

function parse(text: string): Json {
  if (text.length > LIMITS.detailsCharacters) return malformed();
  try {
    return parseStrict(text, BOUNDS);
  } catch (error) {
    if (error instanceof AmbiguousJson) return malformed();
    throw error;
  }
}

function readElement(element: Json, resource: ProtectedResource): AuthorizationDetail {
  if (!isObject(element)) return malformed();
  const { type, ...members } = element;
  if (typeof type !== "string") return malformed();
  if (!fitsDetailsType(members, typeOf(type, resource)) || !isFor(members, resource)) {
    throw new Rejected("authorization_details_invalid");
  }
  return { ...members, type };
}

function typeOf(name: string, { authorization_details_types: types }: ProtectedResource) {
  const type = Object.hasOwn(types, name) ? types[name] : undefined;
  if (type === undefined) throw new Rejected("authorization_details_type_unknown");
  return type;
}

/** RFC 9396 §2.2: `locations` are resources. One token is for one, and an empty list may mean them all. */
function isFor({ locations }: JsonObject, { resource }: ProtectedResource): boolean {
  if (locations === undefined) return true;
  return Array.isArray(locations) && locations.length > 0 && locations.every((location) => location === resource);
}

function malformed(): never {
  throw new Rejected("authorization_details_malformed");
}
