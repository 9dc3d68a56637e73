import { LIMITS } from "../limits.ts";

/**
 * Regular expressions of which none can be made to backtrack: characters and classes one after the other, each at most so
 * often as it says in braces. No group, no alternative, no `*` and no `+`; several patterns are several alternatives.
 */
export interface TextPattern {
  readonly expression: RegExp;
  /** Steps at one place of a text, at worst. */
  readonly cost: number;
}

const CLASS = String.raw`\[\^?(?:\\[\]\\^dwsDWS.-]|[^\[\]\\^])+\]`;
const ATOM = new RegExp(String.raw`(?:\\[dwsDWS]|\\[^\p{L}\p{N}\s]|${CLASS}|[^\\\[\](){}*+?|^$])`, "uy");
const QUANTIFIER = /\?|\{(\d{1,3})(?:,(\d{1,3}))?\}/y;
const BOUNDARY = /\\b/y;

/** @returns what it compiles to, or what is wrong with it. */
export function compileTextPattern(source: string): TextPattern | { readonly flaw: string } {
  let at = 0;
  let [length, ways] = [0, 1];
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(source);
    at += found?.[0].length ?? 0;
    return found;
  };
  while (at < source.length) {
    if (take(BOUNDARY) !== null) continue;
    if (take(ATOM) === null)
      return { flaw: `character ${at + 1}: characters, classes and {n,m} alone; no groups, *, + or |` };
    const [low, high] = readQuantifier(take(QUANTIFIER));
    if (low > high) return { flaw: `character ${at}: a range that ends before it begins` };
    length += high;
    ways *= high - low + 1;
  }
  if (length === 0) return { flaw: "means no character at all" };
  const cost = length * ways;
  if (cost > LIMITS.patternCost)
    return { flaw: `may take ${cost} steps at one place of a text; ${LIMITS.patternCost} at most: narrow its ranges` };
  try {
    return { expression: new RegExp(source, "gu"), cost };
  } catch {
    return { flaw: "is no regular expression" };
  }
}

function readQuantifier(found: RegExpExecArray | null): readonly [number, number] {
  if (found === null) return [1, 1];
  const [text, low, high] = found;
  if (text === "?") return [0, 1];
  return [Number(low), Number(high ?? low)];
}
