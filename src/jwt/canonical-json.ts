import { survivesAsDouble } from "./json-number.ts";
import { numberText } from "./lossless-json.ts";
import type { Json } from "./strict-json.ts";

/**
 * RFC 8785: one spelling of one value. Members stand in the order of their names' UTF-16 code units, numbers and texts as
 * ECMAScript writes them, so that two spellings are equal if and only if the values are. A number that no double holds
 * is outside that RFC, and stays as it was written: it must not come to equal its neighbour.
 */
export function spellCanonically(value: Json | undefined): string {
  const number = numberText(value);
  if (number !== null) return survivesAsDouble(number) ? JSON.stringify(Number(number)) : number;
  if (Array.isArray(value)) return `[${value.map((item: Json) => spellCanonically(item)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value ?? null);
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${spellCanonically(member)}`).join(",")}}`;
}
