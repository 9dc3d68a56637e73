import type { Access } from "../access/decide-access.ts";

/** What changes for somebody. */
export interface Movement {
  readonly change: "gains" | "loses" | "longer" | "shorter";
  /** Gained or lost; or, with the lifetime of their tokens, kept. */
  readonly scopes: readonly string[];
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
  return scopes.size === 0 ? [] : [{ change, scopes: [...scopes].toSorted(), note }];
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
