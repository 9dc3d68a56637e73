import { spellCanonically } from "../jwt/canonical-json.ts";
import type { Json, JsonObject } from "../jwt/strict-json.ts";

/** RFC 9396 §2: one element, of a type that the resource has registered. */
export type AuthorizationDetail = JsonObject & { readonly type: string };

export function typesOf(details: readonly AuthorizationDetail[]): ReadonlySet<string> {
  return new Set(details.map(({ type }) => type));
}

/** Members of a type that a request may ask less of. */
export type NarrowableOf = (type: string) => readonly string[];

/**
 * Whether all that is asked for has been asserted, each element by an element of its own: two payments are not covered
 * by one. An element covers another that equals it member for member, but for narrowable ones, which may be less. Every
 * way to pair them is tried, so that no order of the elements asks for more than another.
 */
export function isCovered(
  requested: readonly AuthorizationDetail[],
  asserted: readonly AuthorizationDetail[],
  narrowableOf: NarrowableOf,
): boolean {
  const covering = requested.map((ask) =>
    asserted.flatMap((granted, at) => (covers(granted, ask, narrowableOf(ask.type)) ? [at] : [])),
  );
  const takenBy = new Map<number, number>();
  return requested.every((_ask, index) => pair(index, { covering, takenBy, tried: new Set() }));
}

interface Pairing {
  readonly covering: readonly (readonly number[])[];
  readonly takenBy: Map<number, number>;
  readonly tried: Set<number>;
}

/** An augmenting path: whoever has taken the element may have another to go to. */
function pair(index: number, pairing: Pairing): boolean {
  const { covering, takenBy, tried } = pairing;
  for (const at of covering[index] ?? []) {
    if (tried.has(at)) continue;
    tried.add(at);
    const holder = takenBy.get(at);
    if (holder !== undefined && !pair(holder, pairing)) continue;
    takenBy.set(at, index);
    return true;
  }
  return false;
}

/** The same members on both sides: one that is left out may mean no limit at all. */
function covers(granted: AuthorizationDetail, ask: AuthorizationDetail, narrowable: readonly string[]): boolean {
  const names = Object.keys(ask);
  if (granted.type !== ask.type || names.length !== Object.keys(granted).length) return false;
  return names.every((name) => {
    if (!Object.hasOwn(granted, name)) return false;
    const [most, asked] = [granted[name], ask[name]];
    return spellCanonically(most) === spellCanonically(asked) || (narrowable.includes(name) && isLess(asked, most));
  });
}

/** A lower number, or some of a list. An empty list is not less: at many an API it means everything. */
function isLess(asked: Json | undefined, most: Json | undefined): boolean {
  if (typeof asked === "number" && typeof most === "number") return asked < most;
  if (!Array.isArray(asked) || !Array.isArray(most) || asked.length === 0) return false;
  const [wanted, allowed] = [asked.map(spellCanonically), new Set(most.map(spellCanonically))];
  return new Set(wanted).size === wanted.length && wanted.every((item) => allowed.has(item));
}
