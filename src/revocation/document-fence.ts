import type { Fence } from "./fence.ts";
import { fenceName } from "./fence-names.ts";
import { fenceOfOrder } from "./orders.ts";

/** A document that was edited where that is known at once: what it was, and what it is now; null where there is none. */
export interface ReplacedDocument {
  readonly kind: string;
  readonly before: string | null;
  readonly after: string | null;
}

/**
 * One text of one kind of document. Its revision says all texts apart, and each names its own key; so whoever goes by a
 * record under another name than his own, as an agent of a family does, goes by this name too.
 */
export function documentFenceName(kind: string, revision: string): string {
  return fenceName("document", kind, revision);
}

interface Known {
  readonly find: (name: string) => Fence | null;
  readonly nowMilliseconds: number;
  /** When the text before can be read nowhere any more. */
  readonly expiresAtMilliseconds: number;
}

/** @returns fences that nothing is decided by the text before, and that what is back in force counts again. */
export function fencesOfReplaced({ kind, before, after }: ReplacedDocument, known: Known): readonly Fence[] {
  const { find, nowMilliseconds: now, expiresAtMilliseconds } = known;
  const order = (name: string, what: "block" | "restore"): Fence => ({
    ...fenceOfOrder(name, what, find(name), now),
    expiresAtMilliseconds,
  });
  const back = after === null ? null : documentFenceName(kind, after);
  return [
    ...(before === null || before === after ? [] : [order(documentFenceName(kind, before), "block")]),
    ...(back === null || find(back) === null ? [] : [order(back, "restore")]),
  ];
}
