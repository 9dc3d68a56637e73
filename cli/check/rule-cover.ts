import type { Rule } from "../../src/policy/policy.ts";
import { clientMatcher, type Selector } from "../../src/policy/selector.ts";

/** Every member of a rule that selects on something. */
export const SELECTORS = [
  "clients",
  "resources",
  "issuers",
  "tenants",
  "subjects",
  "groups",
  "email_domains",
  "actors",
  "amr",
] as const satisfies readonly (keyof Rule)[];

/**
 * Whether every request that meets the conditions of `inner` meets those of `outer`. Sound and not complete: two
 * expressions are compared as text, so that "no" may be wrong and "yes" is not.
 */
export function covers(outer: Rule, inner: Rule): boolean {
  return (
    SELECTORS.every((member) => selectsAllOf(outer[member], inner[member], member)) &&
    selectsAllOf(detailsSelector(outer), detailsSelector(inner)) &&
    instant(outer.not_before, Number.NEGATIVE_INFINITY) <= instant(inner.not_before, Number.NEGATIVE_INFINITY) &&
    instant(outer.not_after, Number.POSITIVE_INFINITY) >= instant(inner.not_after, Number.POSITIVE_INFINITY) &&
    (outer.condition === undefined || outer.condition === inner.condition) &&
    (outer.calls === undefined || (inner.effect === "deny" && hasSameCalls(outer, inner)))
  );
}

/** A deny of certain calls takes no token away: it covers no permit, which may still be what grants one. */
function hasSameCalls(outer: Rule, inner: Rule): boolean {
  return inner.calls !== undefined && spell(outer.calls) === spell(inner.calls);
}

/** A condition of a denial; in a permit the same member says what it grants. */
function detailsSelector({ effect, authorization_details_types: types }: Rule): Selector | undefined {
  return effect === "deny" ? types : undefined;
}

function selectsAllOf(outer: Selector | undefined, inner: Selector | undefined, member?: keyof Rule): boolean {
  if (outer === undefined || outer === "any") return true;
  if (inner === undefined || inner === "any") return false;
  // A family has every client below its folder, and every family there.
  return member === "clients" ? [...inner].every(clientMatcher(outer)) : inner.isSubsetOf(outer);
}

export function instant(text: string | undefined, absent: number): number {
  return text === undefined ? absent : Date.parse(text);
}

/** What a rule does, without its name and description: two with the same text are the same rule. */
export function effectOf({ id: _id, description: _description, ...rest }: Rule): string {
  return spell(rest);
}

function spell(whole: unknown): string {
  return JSON.stringify(whole, (_member, value: unknown) => {
    if (value instanceof Set) return [...value].map(String).toSorted();
    return typeof value === "object" && value !== null && !Array.isArray(value) ? sorted(value) : value;
  });
}

function sorted(members: object): object {
  return Object.fromEntries(Object.entries(members).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
