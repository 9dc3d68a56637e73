import * as z from "zod";
import { LIMITS } from "../limits.ts";

/** RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ). */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

export const scopeTokenSchema = z.string().regex(SCOPE_TOKEN).max(LIMITS.scopeTokenBytes);

export type Scope = ReadonlySet<string>;

/** @returns the set of tokens, or null when `text` is not a scope by RFC 6749 §3.3 or is too long. */
export function parseScope(text: string): Scope | null {
  const tokens = text.split(" ");
  const fits = (token: string): boolean => SCOPE_TOKEN.test(token) && token.length <= LIMITS.scopeTokenBytes;
  return tokens.length <= LIMITS.scopeTokens && tokens.every(fits) ? new Set(tokens) : null;
}

export function intersect(left: Scope, right: Scope): Scope {
  return new Set([...left].filter((token) => right.has(token)));
}

/** Sorted, so that one scope has one spelling wherever it is written. */
export function formatScope(scope: Scope): string {
  return [...scope].toSorted().join(" ");
}
