import * as z from "zod";
import { LIMITS } from "../limits.ts";

/** "any" must be said in so many words: an empty list selects nothing, and an absent one is an error where required. */
export type Selector = "any" | ReadonlySet<string>;

const value = z.string().min(1).max(LIMITS.urlBytes);

export const selectorSchema = z.union([
  z.literal("any"),
  z
    .array(value)
    .max(LIMITS.valuesPerSelector)
    .transform((list): ReadonlySet<string> => new Set(list)),
]);

/** @returns whether the selector names this value; a value that is absent is named by "any" alone. */
export function selects(selector: Selector, candidate: string | null): boolean {
  return selector === "any" || (candidate !== null && selector.has(candidate));
}

/** Clients come in families too: `https://agents.example/*` names every client whose identifier begins so. */
export function selectsClient(selector: Selector, clientId: string): boolean {
  return clientMatcher(selector)(clientId);
}

/** `selectsClient` for one selector and many clients: the families in it are looked for once. */
export function clientMatcher(selector: Selector): (clientId: string) => boolean {
  if (selector === "any") return () => true;
  const prefixes = [...selector].filter(isFamily).map((name) => name.slice(0, -1));
  return (clientId) => selector.has(clientId) || prefixes.some((prefix) => clientId.startsWith(prefix));
}

/** @returns whether a name in a list of clients stands for everybody below a folder. */
export function isFamily(name: string): boolean {
  return name.endsWith("/*");
}

/** @returns whether the selector names any of these; "any" names even none at all. */
export function selectsAny(selector: Selector, candidates: ReadonlySet<string>): boolean {
  return selector === "any" || !selector.isDisjointFrom(candidates);
}
