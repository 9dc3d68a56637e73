import type { Rule } from "../../src/policy/policy.ts";
import { selects, selectsClient } from "../../src/policy/selector.ts";
import { effectOf } from "../check/rule-cover.ts";
import { organizationsOf } from "../check/references.ts";
import { findClientIn, type TrustSet } from "../trust-set.ts";
import type { Access } from "../access/decide-access.ts";
import { type Asked, findAccess } from "./access.ts";
import { type Case, enumerateCases } from "./cases.ts";
import { describePeople } from "./describe-people.ts";
import { type Movement, movementsBetween } from "./movement.ts";
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
}

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
  let [compared, possible] = [0, 0];
  const changes: AccessChange[] = [];
  for (const pair of pairsOf(sides)) {
    const found = await comparePair(pair, sides);
    changes.push(...found.changes);
    compared += found.compared;
    possible += found.possible;
  }
  return { changes, compared, possible };
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

async function comparePair(pair: Pair, sides: Sides): Promise<AccessChanges> {
  const [was, is] = [rulesFor(pair, sides.before), rulesFor(pair, sides.after)];
  if (isUntouched(pair, sides) && effectsOf(was) === effectsOf(is)) return { changes: [], compared: 0, possible: 0 };
  const rules = [...was, ...is];
  const dimensions = findDimensions(rules, [sides.before, sides.after], pair.organization);
  const { cases, possible, isComplete } = enumerateCases(dimensions);
  const scopes = questionsFor(pair, rules, sides);
  const moved = new Map<string, Case[]>();
  for (const one of cases) {
    for (const what of await compareCase(one, { pair, sides, scopes })) {
      const alike = moved.get(what);
      if (alike === undefined) moved.set(what, [one]);
      else alike.push(one);
    }
  }
  const changes = [...moved].map(([what, who]) => describe(what, who, { pair, dimensions, isComplete }));
  return { changes, compared: cases.length, possible };
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
    JSON.stringify([findClientIn(set, clientId), set.resource.get(resource), idps(set)]);
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
}

/** @returns what moves, as text that is the same for whoever moves alike. */
async function compareCase(one: Case, { pair, sides, scopes }: Comparison): Promise<readonly string[]> {
  const person = personOf(one);
  const questions = scopes.map((scope): Asked => ({ ...pair, scope, person, nowSeconds: sides.nowSeconds }));
  const ask = (set: TrustSet): Promise<readonly Access[]> =>
    Promise.all(questions.map((asked) => findAccess(set, asked)));
  return movementsBetween(await ask(sides.before), await ask(sides.after)).map((movement) => JSON.stringify(movement));
}

interface Context {
  readonly pair: Pair;
  readonly dimensions: readonly Dimension[];
  readonly isComplete: boolean;
}

function describe(moved: string, who: readonly Case[], { pair, dimensions, isComplete }: Context): AccessChange {
  const { change, scopes, note } = JSON.parse(moved) as Movement;
  const { organization, clientId: client, resource } = pair;
  return { change, organization, client, resource, scopes, note, who: describePeople(dimensions, who, isComplete) };
}
