import type { Rule } from "../../src/policy/policy.ts";
import { selects, selectsClient } from "../../src/policy/selector.ts";
import { effectOf } from "../check/rule-cover.ts";
import { organizationsOf } from "../check/references.ts";
import { findClientIn, type TrustSet } from "../trust-set.ts";
import type { Access } from "../access/decide-access.ts";
import { decideCalls, type PossibleCall } from "../access/decide-calls.ts";
import { type Asked, findAccess } from "./access.ts";
import { type Case, enumerateCases } from "./cases.ts";
import { describePeople } from "./describe-people.ts";
import { findGuardrailChanges, type GuardrailChange } from "./guardrail-changes.ts";
import { callMovements, detailsMovements, type Movement, movementsBetween } from "./movement.ts";
import { findPossibleCalls } from "./possible-calls.ts";
import { type Dimension, findDimensions, personOf } from "./people.ts";

export interface AccessChange extends Movement {
  readonly organization: string;
  readonly client: string;
  readonly resource: string;
  /** In words, one kind of people an entry. */
  readonly who: readonly string[];
}

export interface AccessChanges {
  readonly changes: readonly AccessChange[];
  /** How many combinations were decided on both sides, and how many there are. */
  readonly compared: number;
  readonly possible: number;
  /** Calls that there were too many of to try for each kind of person. */
  readonly calls_left_out: number;
  /** Whether an expression over a call's arguments has a say, which nobody can try without them. */
  readonly arguments_decide: boolean;
  /** Of what looks at everybody's calls. */
  readonly guardrails: readonly GuardrailChange[];
}
type PairChanges = Omit<AccessChanges, "guardrails">;

export interface Sides {
  readonly before: TrustSet;
  readonly after: TrustSet;
  readonly nowSeconds: number;
}

interface Pair {
  readonly organization: string;
  readonly clientId: string;
  readonly resource: string;
}

/** Who may what, decided under both sets of documents by the engine itself, for every case that either tells apart. */
export async function findAccessChanges(sides: Sides): Promise<AccessChanges> {
  let [compared, possible, left, argumentsDecide] = [0, 0, 0, false];
  const changes: AccessChange[] = [];
  for (const pair of pairsOf(sides)) {
    const found = await comparePair(pair, sides);
    changes.push(...found.changes);
    compared += found.compared;
    possible += found.possible;
    left += found.calls_left_out;
    argumentsDecide ||= found.arguments_decide;
  }
  const guardrails = findGuardrailChanges(sides);
  return { changes, compared, possible, calls_left_out: left, arguments_decide: argumentsDecide, guardrails };
}

/** A client is only ever granted what it is registered for, so nothing else can differ. */
function pairsOf({ before, after }: Sides): readonly Pair[] {
  const organizations = new Set([before, after].flatMap(({ idp }) => [...idp.values()].flatMap(organizationsOf)));
  const registered = [before, after].flatMap((set) =>
    [...set.client.keys(), ...namedInRules(set)].flatMap((clientId) =>
      (findClientIn(set, clientId)?.resources ?? []).map((resource) => [clientId, resource] as const),
    ),
  );
  const distinct = new Map(registered.map((pair) => [JSON.stringify(pair), pair]));
  return [...organizations]
    .toSorted()
    .flatMap((organization) =>
      [...distinct.values()].map(([clientId, resource]) => ({ organization, clientId, resource })),
    );
}

/** Beside those with a record of their own, clients that a pattern admits and that some rule singles out. */
function namedInRules({ policy }: TrustSet): readonly string[] {
  const rules = [...policy.values()].flatMap((one) => one.rules);
  return rules.flatMap(({ clients }) => (clients === "any" ? [] : [...clients]));
}

const UNTOUCHED: PairChanges = { changes: [], compared: 0, possible: 0, calls_left_out: 0, arguments_decide: false };

async function comparePair(pair: Pair, sides: Sides): Promise<PairChanges> {
  const [was, is] = [rulesFor(pair, sides.before), rulesFor(pair, sides.after)];
  if (isUntouched(pair, sides) && effectsOf(was) === effectsOf(is)) return UNTOUCHED;
  const rules = [...was, ...is];
  const dimensions = findDimensions(rules, [sides.before, sides.after], pair.organization);
  const { cases, possible, isComplete } = enumerateCases(dimensions);
  const scopes = questionsFor(pair, rules, sides);
  const { calls, leftOut } = findPossibleCalls(pair.resource, rules, [sides.before, sides.after]);
  const moved = new Map<string, Case[]>();
  for (const one of cases) {
    for (const what of await compareCase(one, { pair, sides, scopes, calls })) {
      const alike = moved.get(what);
      if (alike === undefined) moved.set(what, [one]);
      else alike.push(one);
    }
  }
  const changes = [...moved].map(([what, who]) => describe(what, who, { pair, dimensions, isComplete }));
  const argumentsDecide = rules.some((rule) => rule.calls?.condition !== undefined);
  return { changes, compared: cases.length, possible, calls_left_out: leftOut, arguments_decide: argumentsDecide };
}

function rulesFor({ organization, clientId, resource }: Pair, { policy }: TrustSet): readonly Rule[] {
  const rules = policy.get(organization)?.rules ?? [];
  return rules.filter((rule) => selectsClient(rule.clients, clientId) && selects(rule.resources, resource));
}

/** Order and names change nothing. A policy that is not there and one without rules refuse alike. */
function effectsOf(rules: readonly Rule[]): string {
  return JSON.stringify(rules.map(effectOf).toSorted());
}

function isUntouched({ organization, clientId, resource }: Pair, { before, after }: Sides): boolean {
  const idps = ({ idp }: TrustSet): unknown =>
    [...idp.values()].filter((one) => organizationsOf(one).includes(organization));
  const parts = (set: TrustSet): string =>
    JSON.stringify([findClientIn(set, clientId), set.resource.get(resource), set.tools.get(resource), idps(set)]);
  return parts(before) === parts(after);
}

/** All scopes in one question, unless an expression may look at which are asked for: then each alone. */
function questionsFor(
  { resource }: Pair,
  rules: readonly Rule[],
  { before, after }: Sides,
): readonly (readonly string[])[] {
  const defined = [before, after].flatMap((set) => Object.keys(set.resource.get(resource)?.scopes ?? {}));
  const scopes = [...new Set(defined)].toSorted();
  return rules.some(({ condition }) => condition !== undefined) ? scopes.map((scope) => [scope]) : [scopes];
}

interface Comparison {
  readonly pair: Pair;
  readonly sides: Sides;
  readonly scopes: readonly (readonly string[])[];
  readonly calls: readonly PossibleCall[];
}

/** @returns what moves, as text that is the same for whoever moves alike. */
async function compareCase(one: Case, comparison: Comparison): Promise<readonly string[]> {
  const { pair, sides, scopes } = comparison;
  const asked = { ...pair, person: personOf(one), detailsTypes: [], nowSeconds: sides.nowSeconds };
  const ask = (set: TrustSet): Promise<readonly Access[]> =>
    Promise.all(scopes.map((scope) => findAccess(set, { ...asked, scope })));
  const [before, after] = [await ask(sides.before), await ask(sides.after)];
  const movements = [
    ...movementsBetween(before, after),
    ...(await compareDetails({ ...asked, scope: scopes.flat() }, sides)),
    ...(await compareCalls({ ...asked, scope: scopes.flat() }, comparison)),
  ];
  return movements.map((movement) => JSON.stringify(movement));
}

/** Each side is asked for the types that it registers: any other would be refused as a whole. */
async function compareDetails(asked: Asked, { before, after }: Sides): Promise<readonly Movement[]> {
  const typesIn = ({ resource }: TrustSet): readonly string[] =>
    Object.keys(resource.get(asked.resource)?.authorization_details_types ?? {});
  if (typesIn(before).length + typesIn(after).length === 0) return [];
  const ask = (set: TrustSet): Promise<Access> => findAccess(set, { ...asked, detailsTypes: typesIn(set) });
  return detailsMovements(await ask(before), await ask(after));
}

/** For whoever has a token before and after, with all that it may hold. */
async function compareCalls(asked: Asked, { pair, sides, calls }: Comparison): Promise<readonly Movement[]> {
  const [was, is] = [await findAccess(sides.before, asked), await findAccess(sides.after, asked)];
  const about = { organization: pair.organization, calls, kept: was.scope.intersection(is.scope) };
  return callMovements(await decideCalls(sides.before, was, about), await decideCalls(sides.after, is, about));
}

interface Context {
  readonly pair: Pair;
  readonly dimensions: readonly Dimension[];
  readonly isComplete: boolean;
}

function describe(moved: string, who: readonly Case[], { pair, dimensions, isComplete }: Context): AccessChange {
  const { change, note, ...what } = JSON.parse(moved) as Movement;
  const { organization, clientId: client, resource } = pair;
  return { change, organization, client, resource, ...what, note, who: describePeople(dimensions, who, isComplete) };
}
