import { type Fence, type FencedFacts, joinFences, stops } from "./fence.ts";

/** How much of a registry's story somebody has heard. */
export interface Position {
  /** Of the registry's storage: another one starts counting anew. */
  readonly epoch: string;
  readonly version: number;
}

/** Every fence that changed after `from`, through `version`; more follows where `isLast` is false. */
export interface FenceUpdate extends Position {
  readonly from: number;
  readonly fences: readonly Fence[];
  readonly isLast: boolean;
}

export const NOTHING_HEARD: Position = { epoch: "", version: 0 };

/** A copy of the registry's fences. It may be behind and never goes back: what it has heard stays, whatever comes later. */
export class FenceSet {
  readonly #fences = new Map<string, Fence>();
  #position: Position = NOTHING_HEARD;

  get position(): Position {
    return this.#position;
  }

  get size(): number {
    return this.#fences.size;
  }

  /** What an update says counts at once; the position moves only where nothing is missing before it. */
  merge({ epoch, from, version, fences }: FenceUpdate): void {
    for (const fence of fences) this.#join(fence);
    const isGapless = epoch === this.#position.epoch ? from <= this.#position.version : from === 0;
    if (!isGapless) return;
    const isOlder = epoch === this.#position.epoch && version < this.#position.version;
    if (!isOlder) this.#position = { epoch, version };
  }

  /** @returns the first fence that stops this, or null. */
  find({ names, signedInAtMilliseconds }: FencedFacts): Fence | null {
    for (const name of names) {
      const fence = this.#fences.get(name);
      if (fence !== undefined && stops(fence, signedInAtMilliseconds)) return fence;
    }
    return null;
  }

  dropExpired(nowMilliseconds: number): void {
    for (const [name, { expiresAtMilliseconds }] of this.#fences) {
      if (expiresAtMilliseconds !== null && expiresAtMilliseconds <= nowMilliseconds) this.#fences.delete(name);
    }
  }

  #join(fence: Fence): void {
    const known = this.#fences.get(fence.name);
    this.#fences.set(fence.name, known === undefined ? fence : joinFences(known, fence));
  }
}
