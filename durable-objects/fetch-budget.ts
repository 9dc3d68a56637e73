import { LIMITS } from "../src/limits.ts";

/** So many fetches at once, then one in a while, whoever asks for them and however often. */
export class FetchBudget {
  #left: number = LIMITS.clientMetadataFetchBurst;
  #countedAtMilliseconds = 0;

  /** @returns whether one may be made now; if so, it is counted. */
  take(nowMilliseconds: number): boolean {
    const regained =
      (nowMilliseconds - this.#countedAtMilliseconds) / (LIMITS.clientMetadataFetchIntervalSeconds * 1000);
    this.#left = Math.min(LIMITS.clientMetadataFetchBurst, this.#left + Math.max(0, regained));
    this.#countedAtMilliseconds = nowMilliseconds;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
