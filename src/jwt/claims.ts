import { LIMITS } from "../limits.ts";
import type { JsonObject } from "./strict-json.ts";

/**
 * Types before values. Every reader returns the value, `undefined` when the claim is absent, or `MALFORMED` when it is
 * there and is not what its specification says. Nothing is coerced.
 */
export const MALFORMED = Symbol("malformed");
export type Read<T> = T | undefined | typeof MALFORMED;

const encoder = new TextEncoder();

export function readString(
  claims: JsonObject,
  name: string,
  maximumBytes: number = LIMITS.identifierBytes,
): Read<string> {
  const value = claims[name];
  if (value === undefined) return undefined;
  if (typeof value !== "string" || value.length === 0 || value.length > maximumBytes) return MALFORMED;
  return value.isWellFormed() && fitsInBytes(value, maximumBytes) ? value : MALFORMED;
}

/** UTF-8 takes at most three bytes for each of a string's units, so most need not be encoded to be measured. */
function fitsInBytes(text: string, maximumBytes: number): boolean {
  return text.length * 3 <= maximumBytes || encoder.encode(text).length <= maximumBytes;
}

/** RFC 7519 NumericDate, in whole seconds. Infinity (1e400), fractions, strings and milliseconds are all malformed. */
export function readNumericDate(claims: JsonObject, name: string): Read<number> {
  const value = claims[name];
  if (value === undefined) return undefined;
  return Number.isSafeInteger(value) && (value as number) > 0 && (value as number) < 2 ** 36
    ? (value as number)
    : MALFORMED;
}

/** A string, or an array of strings: `aud` and `resource`. Always returned as a list. */
export function readStringList(claims: JsonObject, name: string, maximumItems: number): Read<readonly string[]> {
  const value = claims[name];
  if (value === undefined) return undefined;
  const list = Array.isArray(value) ? value : [value];
  if (list.length === 0 || list.length > maximumItems) return MALFORMED;
  const fits = list.every((item) => isText(item) && item.length > 0 && item.length <= LIMITS.urlBytes);
  return fits ? (list as string[]) : MALFORMED;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.isWellFormed();
}
