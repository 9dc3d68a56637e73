/** A node of a parsed expression: `@marcbachmann/cel-js` gives an operator and what it is applied to. */
export interface Node {
  readonly op: unknown;
  readonly args: unknown;
}

const LOOPS: ReadonlySet<unknown> = new Set(["all", "exists", "exists_one", "filter", "map"]);

export const NESTED_LOOPS =
  "all, exists, exists_one, filter and map may not stand within one another: ask for the inner one with in, or write another rule";

export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "op" in value && "args" in value;
}

export function operandsOf({ args }: Node): readonly unknown[] {
  return Array.isArray(args) ? (args as readonly unknown[]) : [args];
}

/** @returns the method, its receiver and its arguments; null for what calls none. */
export function calledBy({ op, args }: Node): readonly unknown[] | null {
  return op === "rcall" && Array.isArray(args) ? (args as readonly unknown[]) : null;
}

export function nameOf(node: unknown): unknown {
  return isNode(node) && node.op === "id" ? node.args : null;
}

export function isLoop([method]: readonly unknown[]): boolean {
  return LOOPS.has(method);
}

/** `cel.bind(name, value, expression)`: another name for the value. */
export function isBinding([method, receiver, given]: readonly unknown[]): boolean {
  return method === "bind" && nameOf(receiver) === "cel" && Array.isArray(given);
}

export function hasLoop(node: unknown): boolean {
  return hasCall(node, isLoop);
}

export function hasCall(node: unknown, isMeant: (called: readonly unknown[]) => boolean): boolean {
  if (Array.isArray(node)) return node.some((each) => hasCall(each, isMeant));
  if (!isNode(node)) return false;
  const called = calledBy(node);
  return (called !== null && isMeant(called)) || hasCall(node.args, isMeant);
}

export function mentionsAny(node: unknown, names: ReadonlySet<unknown>): boolean {
  if (Array.isArray(node)) return node.some((each) => mentionsAny(each, names));
  if (!isNode(node)) return false;
  const name = nameOf(node);
  return name === null ? mentionsAny(node.args, names) : names.has(name);
}
