import type { CallAccess } from "../access/decide-calls.ts";
import type { Access } from "../access/decide-access.ts";

/** What changes for somebody. */
export interface Movement {
  readonly change: "gains" | "loses" | "longer" | "shorter" | "stricter" | "looser" | "changes";
  /** Gained or lost; or, with the lifetime of their tokens, kept. */
  readonly scopes: readonly string[];
  /** Types of authorization_details that are gained or lost. */
  readonly authorization_details_types: readonly string[];
  /** Calls that are gained or lost by those who have a token before and after, or of which more or less is demanded. */
  readonly calls: readonly string[];
  /** What goes with it, in words; null where there is nothing to add. */
  readonly note: string | null;
}

/** The answers to the same questions under two sets of documents, compared. */
export function movementsBetween(before: readonly Access[], after: readonly Access[]): readonly Movement[] {
  const [was, is] = [scopesOf(before), scopesOf(after)];
  return [
    ...movement("gains", is.difference(was), obligationOf(before, "so far only")),
    ...movement("loses", was.difference(is), obligationOf(after, "from now on only")),
    ...lifetimeMovement(before, after, was.intersection(is)),
  ];
}

function scopesOf(answers: readonly Access[]): ReadonlySet<string> {
  return new Set(answers.flatMap(({ scope }) => [...scope]));
}

function movement(change: Movement["change"], scopes: ReadonlySet<string>, note: string | null): readonly Movement[] {
  return scopes.size === 0 ? [] : [{ ...NOTHING_ELSE, change, scopes: [...scopes].toSorted(), note }];
}

const NOTHING_ELSE = { scopes: [], authorization_details_types: [], calls: [] };

/** Asked with all types at once, and of those who are granted a token at all. */
export function detailsMovements(before: Access, after: Access): readonly Movement[] {
  const moved = (change: "gains" | "loses", types: ReadonlySet<string>): readonly Movement[] =>
    types.size === 0
      ? []
      : [{ ...NOTHING_ELSE, change, authorization_details_types: [...types].toSorted(), note: null }];
  return [
    ...moved("gains", after.detailsTypes.difference(before.detailsTypes)),
    ...moved("loses", before.detailsTypes.difference(after.detailsTypes)),
  ];
}

/** By what calls are called; of those that both sides permit, what is demanded of them. */
export function callMovements(before: CallAccess, after: CallAccess): readonly Movement[] {
  const names = [...new Set([...before.keys(), ...after.keys()])];
  const moved = names.flatMap((name): readonly Omit<Movement, "scopes" | "authorization_details_types">[] => {
    const [was, is] = [before.get(name), after.get(name)];
    if (was === undefined) return [{ change: "gains", calls: [name], note: is === "" ? null : (is ?? null) }];
    if (is === undefined) return [{ change: "loses", calls: [name], note: null }];
    return was === is ? [] : [demandMovement(name, was, is)];
  });
  const alike = Map.groupBy(moved, ({ change, note }) => JSON.stringify([change, note]));
  return [...alike.values()].map((group) => {
    const [{ change, note } = { change: "changes" as const, note: null }] = group;
    return { ...NOTHING_ELSE, change, calls: group.flatMap(({ calls }) => calls).toSorted(), note };
  });
}

function demandMovement(name: string, was: string, is: string): Pick<Movement, "change" | "calls" | "note"> {
  if (was === "") return { change: "stricter", calls: [name], note: `from now on each ${is}` };
  if (is === "") return { change: "looser", calls: [name], note: `no more: each ${was}` };
  return { change: "changes", calls: [name], note: `each ${is}; so far each ${was}` };
}

/** Where the one that refuses would grant to whoever does more, that is what changes. */
function obligationOf(answers: readonly Access[], since: string): string | null {
  const demands = new Set(answers.flatMap((answer) => demandOf(answer) ?? []));
  return demands.size === 0 ? null : `${since} ${[...demands].toSorted().join(", or ")}`;
}

function demandOf({ reason, stepUp }: Access): string | null {
  if (reason === "proof_missing") return "with proof of a key (DPoP)";
  if (reason !== "authentication_insufficient") return null;
  const { acrValues = [], maximumAgeSeconds = null } = stepUp ?? {};
  const demands = [
    ...(acrValues.length === 0 ? [] : [`with acr ${acrValues.join(" or ")}`]),
    ...(maximumAgeSeconds === null ? [] : [`within ${maximumAgeSeconds} s of signing in`]),
  ];
  return demands.join(" and ");
}

function lifetimeMovement(
  before: readonly Access[],
  after: readonly Access[],
  kept: ReadonlySet<string>,
): readonly Movement[] {
  const [was, is] = [longestOf(before), longestOf(after)];
  if (kept.size === 0 || was === null || is === null || was === is) return [];
  return movement(is > was ? "longer" : "shorter", kept, `tokens last ${is} s instead of ${was} s`);
}

function longestOf(answers: readonly Access[]): number | null {
  const lifetimes = answers.flatMap(({ tokenLifetimeSeconds }) => tokenLifetimeSeconds ?? []);
  return lifetimes.length === 0 ? null : Math.max(...lifetimes);
}
