import { block, type Fence, signInAgain } from "./fence.ts";

/**
 * What an operator may say of a name: nothing more of it, whatever comes, until it is restored; only what is signed in
 * for anew; or take back every block, an identity provider's too. What `sign_in_again` has ended stays ended.
 */
export type Order = "block" | "sign_in_again" | "restore";

/** Why it was given, for the audit trail: no room for a sentence in which somebody is named. */
export const ORDER_REASON = /^[A-Za-z0-9_.:-]{1,64}$/;

/** @returns the fence to join, given what is known of the name, so that an operator's word is always the latest. */
export function fenceOfOrder(name: string, order: Order, known: Fence | null, nowMilliseconds: number): Fence {
  if (order === "sign_in_again") return signInAgain(name, nowMilliseconds);
  const blocks = known?.blocks ?? {};
  if (order === "block") {
    return block(name, "operator", { atMilliseconds: after(blocks["operator"], nowMilliseconds), isBlocked: true });
  }
  const lifted = Object.entries(blocks).map(([source, word]) => [
    source,
    { atMilliseconds: after(word, nowMilliseconds), isBlocked: false },
  ]);
  return { name, notBeforeMilliseconds: 0, blocks: Object.fromEntries(lifted), expiresAtMilliseconds: null };
}

function after(word: { readonly atMilliseconds: number } | undefined, nowMilliseconds: number): number {
  return word === undefined ? nowMilliseconds : Math.max(nowMilliseconds, word.atMilliseconds + 1);
}
