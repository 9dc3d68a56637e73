import {
  calledBy,
  hasCall,
  hasLoop,
  isBinding,
  isLoop,
  isNode,
  mentionsAny,
  nameOf,
  NESTED_LOOPS,
  type Node,
  operandsOf,
} from "./expression-node.ts";

/** What is as long as a person has groups, or as whoever calls likes. */
const WHOLE: readonly unknown[] = ["groups", "amr", "scope", "arguments"];

const LOOP_OVER_MAP = "no loop may go over what map gives: say in the loop itself what map makes of each item";
const LOOP_IN_BINDING = "cel.bind may not name what a loop gives: write the loop where it is asked for";
const NESTED_BINDINGS = "cel.bind may not stand within cel.bind: write the value itself in the place of its name";
const WHOLE_IN_LOOP =
  "within a loop, a whole list or a name of cel.bind may be looked into, and not put together with anything: no +, join, [...] or {...}";

/** Operators that make something longer of what they are given. */
const MAKERS: ReadonlySet<unknown> = new Set(["+", "list", "map"]);

interface Place {
  readonly whole: ReadonlySet<unknown>;
  readonly isInLoop: boolean;
  readonly isInBinding: boolean;
}

/**
 * What no expression may do, about a call or not, since every decision waits for it: loops within loops take a power of
 * the number of groups, and what doubles again and again in maps or bindings takes a power of two.
 * @returns what is wrong and what to write instead; null when nothing is
 */
export function findGrowthFlaw(ast: unknown): string | null {
  return findFlaw(ast, { whole: new Set(WHOLE), isInLoop: false, isInBinding: false });
}

function findFlaw(node: unknown, place: Place): string | null {
  if (Array.isArray(node)) return firstFlaw(node, place);
  if (!isNode(node)) return null;
  const called = calledBy(node);
  if (called !== null && isLoop(called)) return findLoopFlaw(called, place);
  if (called !== null && isBinding(called)) return findBindingFlaw(called, place);
  if (place.isInLoop && isMaker(node) && mentionsAny(operandsOf(node), place.whole)) return WHOLE_IN_LOOP;
  return firstFlaw(operandsOf(node), place);
}

function firstFlaw(nodes: readonly unknown[], place: Place): string | null {
  for (const node of nodes) {
    const flaw = findFlaw(node, place);
    if (flaw !== null) return flaw;
  }
  return null;
}

function findLoopFlaw([, receiver, given]: readonly unknown[], place: Place): string | null {
  const [, ...body] = Array.isArray(given) ? (given as readonly unknown[]) : [];
  if (body.some(hasLoop)) return NESTED_LOOPS;
  if (hasCall(receiver, ([method]) => method === "map")) return LOOP_OVER_MAP;
  return findFlaw(receiver, place) ?? firstFlaw(body, { ...place, isInLoop: true });
}

function findBindingFlaw([, , given]: readonly unknown[], place: Place): string | null {
  const [variable, value, body] = given as readonly unknown[];
  if (place.isInBinding) return NESTED_BINDINGS;
  if (hasLoop(value)) return LOOP_IN_BINDING;
  const within = { ...place, whole: new Set([...place.whole, nameOf(variable)]), isInBinding: true };
  return findFlaw(value, within) ?? findFlaw(body, within);
}

function isMaker(node: Node): boolean {
  return MAKERS.has(node.op) || calledBy(node)?.[0] === "join";
}
