import { LIMITS } from "../limits.ts";
import { survivesAsDouble } from "./json-number.ts";

/**
 * JSON that two parsers could read differently is refused before anybody reads it: duplicate members (the last wins in
 * V8, the first elsewhere), depth and size that break a later JSON.stringify, numbers that a double cannot hold.
 */
export class AmbiguousJson extends Error {
  override readonly name = "AmbiguousJson";
}

export interface JsonBounds {
  readonly depth: number;
  readonly members: number;
  /** Of arrays, which hold groups and audiences; counted as members when absent. */
  readonly items?: number;
  /** Refuse members that differ only in case, up to this depth: Go's encoding/json folds them into one. 0 = off. */
  readonly foldCaseDepth: number;
  /** Let numbers be that no double holds, for who keeps them as they were written. */
  readonly takesAnyNumber?: boolean;
}

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [member: string]: Json | undefined;
}

const CLAIMS_BOUNDS: JsonBounds = {
  depth: LIMITS.jsonDepth,
  members: LIMITS.jsonMembers,
  items: LIMITS.jsonItems,
  foldCaseDepth: 0,
};
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Decodes UTF-8 without repair: invalid sequences and a byte order mark are refused. @throws AmbiguousJson */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    const text = utf8.decode(bytes);
    if (!text.startsWith("\uFEFF")) return text;
  } catch {
    throw new AmbiguousJson("not UTF-8");
  }
  throw new AmbiguousJson("byte order mark");
}

/** @throws AmbiguousJson unless `text` is one JSON object within the bounds that every parser reads alike. */
export function parseStrictObject(text: string, bounds: JsonBounds = CLAIMS_BOUNDS): JsonObject {
  const value = parseStrict(text, bounds);
  if (!isObject(value)) throw new AmbiguousJson("not an object");
  return value;
}

/** For text that is then read by another parser of ours. @throws AmbiguousJson, though not for each flaw in grammar */
export function requireUnambiguous(text: string, bounds: JsonBounds): void {
  new Scanner(text, bounds).scan();
}

/** @throws AmbiguousJson */
export function parseStrict(text: string, bounds: JsonBounds = CLAIMS_BOUNDS): Json {
  new Scanner(text, bounds).scan();
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new AmbiguousJson("not JSON");
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

interface Container {
  /** null for an array. */
  readonly names: Set<string> | null;
  readonly foldsCase: boolean;
}

// oxlint-disable-next-line no-control-regex -- JSON's grammar forbids exactly these (RFC 8259 §7)
const STRING = /"(?:[^"\\\u0000-\u001f]|\\.)*"/y;
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const MEMBER_FOLLOWS = /[\t\n\r ]*:/y;

/** One pass, no recursion, so that depth costs memory only up to its bound. JSON.parse remains the judge of grammar. */
class Scanner {
  readonly #text: string;
  readonly #bounds: JsonBounds;
  readonly #open: Container[] = [];
  #at = 0;
  #members = 0;
  #items = 0;

  constructor(text: string, bounds: JsonBounds) {
    this.#text = text;
    this.#bounds = bounds;
  }

  scan(): void {
    while (this.#at < this.#text.length) this.#step(this.#text.charCodeAt(this.#at));
  }

  #step(code: number): void {
    if (code === 0x22) return this.#string();
    if (code === 0x7b || code === 0x5b) return this.#push(code === 0x7b);
    if (code === 0x7d || code === 0x5d) this.#open.pop();
    else if (code === 0x2c) this.#count();
    else if (code === 0x2d || (code >= 0x30 && code <= 0x39)) return this.#number();
    this.#at += 1;
  }

  #push(object: boolean): void {
    if (this.#open.length >= this.#bounds.depth) throw new AmbiguousJson("too deep");
    const foldsCase = this.#open.length < this.#bounds.foldCaseDepth;
    this.#open.push({ names: object ? new Set() : null, foldsCase });
    this.#count();
    this.#at += 1;
  }

  #count(): void {
    const { members, items } = this.#bounds;
    if (items !== undefined && this.#open.at(-1)?.names === null) this.#items += 1;
    else this.#members += 1;
    if (this.#members > members || this.#items > (items ?? 0)) throw new AmbiguousJson("too many members");
  }

  #string(): void {
    const token = this.#match(STRING);
    const container = this.#open.at(-1);
    if (!container?.names) return;
    MEMBER_FOLLOWS.lastIndex = this.#at;
    if (!MEMBER_FOLLOWS.test(this.#text)) return;
    this.#name(decodeString(token), container);
  }

  #name(decoded: string, container: Container): void {
    // Upper case first: "ſ" folds into "s" only by way of "S".
    const name = container.foldsCase ? decoded.toUpperCase().toLowerCase() : decoded;
    if (container.names?.has(name)) throw new AmbiguousJson("duplicate member");
    container.names?.add(name);
  }

  #number(): void {
    const token = this.#match(NUMBER);
    if (this.#bounds.takesAnyNumber !== true && !survivesAsDouble(token))
      throw new AmbiguousJson("number out of range");
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [token] = pattern.exec(this.#text) ?? [];
    if (token === undefined) throw new AmbiguousJson("not JSON");
    this.#at += token.length;
    return token;
  }
}

/** @throws AmbiguousJson for an escape that JSON does not know */
function decodeString(token: string): string {
  try {
    return JSON.parse(token) as string;
  } catch {
    throw new AmbiguousJson("not JSON");
  }
}
