import { LIMITS } from "../limits.ts";

export interface ReceivedChallenge {
  /** Lower case. */
  readonly scheme: string;
  /** By lower-case name. */
  readonly parameters: ReadonlyMap<string, string>;
}

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const SEPARATORS = /[\s,]*/y;
const PARAMETER = new RegExp(`(${TOKEN})[ \\t]*=[ \\t]*(?:"((?:[^"\\\\]|\\\\.)*)"|(${TOKEN}))`, "y");
const SCHEME = new RegExp(
  `(${TOKEN})(?: +(?=[^ =,]+ *= *[^ =,])| *(?=,|$)| +[A-Za-z0-9\\-._~+/]+=*(?= *(?:,|$)))`,
  "y",
);

/**
 * The challenges of a WWW-Authenticate header (RFC 9110 §11.6.1). @returns none of them when it cannot be read as a whole,
 * is too long, or says one thing twice: half a challenge is nobody's word.
 */
export function readChallenges(header: string | null): readonly ReceivedChallenge[] {
  if (header === null || header.length > LIMITS.challengeCharacters) return [];
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  let count = 0;
  let at = skip(header, 0);
  while (at < header.length) {
    const parameter = match(PARAMETER, header, at);
    const found = parameter ?? match(SCHEME, header, at);
    if (found === null || (count += 1) > LIMITS.challengeParameters) return [];
    const name = (found[1] ?? "").toLowerCase();
    if (parameter === null) challenges.push({ scheme: name, parameters: new Map() });
    else {
      const last = challenges.at(-1)?.parameters;
      if (last === undefined || last.has(name)) return [];
      last.set(name, found[3] ?? (found[2] ?? "").replaceAll(/\\(.)/g, "$1"));
    }
    at = skip(header, at + found[0].length);
  }
  return challenges;
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function skip(text: string, at: number): number {
  return at + (match(SEPARATORS, text, at)?.[0].length ?? 0);
}
