import {
  calledBy,
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

/** Each looks for one thing, or puts it, at every place of another: their lengths multiply. */
const SEARCHES: ReadonlySet<unknown> = new Set(["contains", "indexOf", "lastIndexOf", "split", "join"]);
/** What costs no more than the shorter of two values, or nothing, and so may be asked once for each item of a list. */
const CHEAP_OPERATORS: ReadonlySet<unknown> = new Set([
  ".",
  "[]",
  "&&",
  "||",
  "!_",
  "?:",
  "==",
  "!=",
  "<",
  "<=",
  ">",
  ">=",
]);
const CHEAP_METHODS: ReadonlySet<unknown> = new Set(["startsWith", "endsWith"]);

const WHOLE_IN_A_LOOP = "within a loop over the call's arguments, these may be compared and nothing else";

/** The names that stand for what the caller chose: those outside the innermost loop, and those bound by it. */
interface Names {
  readonly outer: ReadonlySet<unknown>;
  readonly item: ReadonlySet<unknown>;
  readonly isInLoop: boolean;
}

/**
 * An expression over a call's arguments may take as long as they are long, and no longer: whoever calls decides that
 * length, up to megabytes. So nothing of theirs is looked for in anything else of theirs, and a loop over them holds
 * neither another loop nor work on the whole.
 * @returns what is wrong, as a sentence for the author; null when nothing is
 */
export function findCostFlaw(ast: unknown): string | null {
  return findFlaw(ast, { outer: new Set(["arguments"]), item: new Set(), isInLoop: false });
}

function findFlaw(node: unknown, names: Names): string | null {
  if (Array.isArray(node)) return firstFlaw(node, names);
  if (!isNode(node)) return null;
  const called = calledBy(node);
  if (called !== null && isLoop(called)) return findLoopFlaw(called, names);
  if (called !== null && isBinding(called)) return findBindingFlaw(called, names);
  const [method, receiver, given] = called ?? [];
  if (SEARCHES.has(method) && isCallers(receiver, names) && isCallers(given, names))
    return `${String(method)} may not have the call's arguments on both sides`;
  if (names.isInLoop && !isCheap(node, method) && operandsOf(node).some((operand) => isOuter(operand, names)))
    return WHOLE_IN_A_LOOP;
  return firstFlaw(operandsOf(node), names);
}

function firstFlaw(nodes: readonly unknown[], names: Names): string | null {
  for (const node of nodes) {
    const flaw = findFlaw(node, names);
    if (flaw !== null) return flaw;
  }
  return null;
}

function findLoopFlaw(called: readonly unknown[], names: Names): string | null {
  const [loop, receiver, given] = called;
  const [variable, ...body] = Array.isArray(given) ? (given as readonly unknown[]) : [];
  if (body.some(hasLoop)) return NESTED_LOOPS;
  const flaw = findFlaw(receiver, names);
  if (flaw !== null || !isCallers(receiver, names)) return flaw ?? firstFlaw(body, names);
  // As many times the whole as there are items, for the next loop to go through.
  if (loop === "map" && body.some((each) => isCallers(each, names))) return WHOLE_IN_A_LOOP;
  return firstFlaw(body, {
    outer: new Set([...names.outer, ...names.item]),
    item: new Set([nameOf(variable)]),
    isInLoop: true,
  });
}

function findBindingFlaw([, , given]: readonly unknown[], names: Names): string | null {
  const [variable, value, body] = given as readonly unknown[];
  const name = nameOf(variable);
  const bound = {
    ...names,
    outer: isOuter(value, names) ? new Set([...names.outer, name]) : names.outer,
    item: isCallers(value, names) && !isOuter(value, names) ? new Set([...names.item, name]) : names.item,
  };
  return findFlaw(value, names) ?? findFlaw(body, bound);
}

function isCheap({ op }: Node, method: unknown): boolean {
  return CHEAP_OPERATORS.has(op) || CHEAP_METHODS.has(method);
}

function isCallers(node: unknown, names: Names): boolean {
  return mentionsAny(node, names.outer) || mentionsAny(node, names.item);
}

function isOuter(node: unknown, { outer }: Names): boolean {
  return mentionsAny(node, outer);
}
