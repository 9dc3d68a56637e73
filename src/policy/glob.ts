/** Whether a text is one that a pattern, or any of several, stands for. */
type Glob = (text: string) => boolean;

/**
 * Names in the simplest pattern language there is: `*` stands for any run of characters, also none, and all else for
 * itself. Compared as exact code units. No regular expression, so no name can make it slow: at most |pattern| × |text|.
 */
export function compileGlob(pattern: string): Glob {
  const [head = "", ...rest] = pattern.split("*");
  const tail = rest.pop();
  if (tail === undefined) return (text) => pattern === text;
  return (text) => holdsInOrder({ head, rest, tail }, text);
}

const compiled = new WeakMap<readonly string[], Glob>();

/** All patterns of a list, taken apart once for as long as the list lives: it is asked about every name of a list. */
export function compileGlobs(patterns: readonly string[]): Glob {
  const known = compiled.get(patterns);
  if (known !== undefined) return known;
  const exact = new Set(patterns.filter((pattern) => !pattern.includes("*")));
  const globs = patterns.filter((pattern) => pattern.includes("*")).map((pattern) => compileGlob(pattern));
  const fresh: Glob = (text) => exact.has(text) || globs.some((matches) => matches(text));
  compiled.set(patterns, fresh);
  return fresh;
}

interface Pieces {
  readonly head: string;
  readonly rest: readonly string[];
  readonly tail: string;
}

function holdsInOrder({ head, rest, tail }: Pieces, text: string): boolean {
  if (!text.startsWith(head) || !text.slice(head.length).endsWith(tail)) return false;
  const end = text.length - tail.length;
  let at = head.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found === -1 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
