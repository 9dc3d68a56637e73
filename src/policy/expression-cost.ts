/** A node of a parsed expression: `@marcbachmann/cel-js` gives an operator and what it is applied to. */
interface Node {
  readonly op: unknown;
  readonly args: unknown;
}

const LOOPS: ReadonlySet<unknown> = new Set(["all", "exists", "exists_one", "filter", "map"]);
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
  const called = node.op === "rcall" && Array.isArray(node.args) ? (node.args as readonly unknown[]) : null;
  if (called !== null && LOOPS.has(called[0])) return findLoopFlaw(called, names);
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
  if (body.some(hasLoop)) return "all, exists, exists_one, filter and map may not stand within one another";
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

/** `cel.bind(name, value, expression)`: another name for the value. */
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

function isBinding([method, receiver, given]: readonly unknown[]): boolean {
  return method === "bind" && nameOf(receiver) === "cel" && Array.isArray(given);
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

function mentionsAny(node: unknown, names: ReadonlySet<unknown>): boolean {
  if (Array.isArray(node)) return node.some((each) => mentionsAny(each, names));
  if (!isNode(node)) return false;
  const name = nameOf(node);
  return name === null ? mentionsAny(node.args, names) : names.has(name);
}

function hasLoop(node: unknown): boolean {
  if (Array.isArray(node)) return node.some(hasLoop);
  if (!isNode(node)) return false;
  if (node.op === "rcall" && Array.isArray(node.args) && LOOPS.has(node.args[0])) return true;
  return hasLoop(node.args);
}

function operandsOf({ args }: Node): readonly unknown[] {
  return Array.isArray(args) ? (args as readonly unknown[]) : [args];
}

function nameOf(node: unknown): unknown {
  return isNode(node) && node.op === "id" ? node.args : null;
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "op" in value && "args" in value;
}
