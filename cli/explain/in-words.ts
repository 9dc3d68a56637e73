import type { Explained } from "../../src/explain/explained.ts";
import { describeReason, isReason } from "./reasons.ts";

/** An explanation, with what happened and what mends it in a sentence each: what --json holds. */
export interface ExplainedInWords extends Explained {
  readonly meaning: string;
  readonly fix: string | null;
}

export function inWords(explained: Explained): ExplainedInWords {
  return { ...explained, ...wordsFor(explained.reason) };
}

/** A deployment may be of a later version than these words. */
function wordsFor(reason: string | null): Pick<ExplainedInWords, "meaning" | "fix"> {
  if (reason === null) return { meaning: "Every check says yes.", fix: null };
  if (isReason(reason)) return describeReason(reason);
  return { meaning: "This version of crossgate does not know the reason.", fix: "Use the version that is deployed." };
}
