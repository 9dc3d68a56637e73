import type { Fence } from "./fence.ts";
import { kindOfFence } from "./fence-names.ts";

/** A person whose sign-ins until an instant are over for good, with all that was connected upon them. */
export interface EndedSignIns {
  /** As `fenceName` spells people. */
  readonly name: string;
  readonly throughMilliseconds: number;
}

/**
 * What a fence ends besides what it stops. A block stops only while it lasts, and ends what there was when it was said:
 * lifting it brings no connection back. @returns null for one that is about nobody, or that only lifts a block
 */
export function endedSignInsOf({ name, notBeforeMilliseconds, blocks }: Fence): EndedSignIns | null {
  const kind = kindOfFence(name);
  if (kind !== "principal" && kind !== "subject") return null;
  const said = Object.values(blocks).map(({ atMilliseconds, isBlocked }) => (isBlocked ? atMilliseconds : 0));
  const throughMilliseconds = Math.max(notBeforeMilliseconds, ...said);
  return throughMilliseconds === 0 ? null : { name, throughMilliseconds };
}
