import { timeOfPlace } from "../../src/audit/place.ts";
import type { Search } from "../../src/audit/search-records.ts";

/** As found by a search: the newest first. */
export interface PlacedRecord {
  /** Where it stands among all, by time. */
  readonly place: string;
}

/** How late a record may come into the index and still be shown; as a rule it is there within fifteen seconds. */
const LATE_MILLISECONDS = 300_000;
const PAGE = 200;
/** Of one look: more than arrive between two. */
const PAGES = 100;

/**
 * What a search finds from now on, each record once. Ledgers deliver on their own, so a record may come after younger ones
 * of another's: it is looked for behind the newest, and what was shown is known by its place.
 */
export class FollowedRecords<Found extends PlacedRecord> {
  readonly #find: (asked: Search) => Promise<readonly Found[]>;
  readonly #asked: Search;
  /** Nothing from before what was shown first. */
  readonly #floor: bigint;
  #shown: ReadonlySet<string>;
  /** By the clocks that recorded, not by this machine's; 0 where nothing was found yet. */
  #newestMilliseconds = 0;

  /** @param shown what the search found at first, which has been shown */
  constructor(find: (asked: Search) => Promise<readonly Found[]>, asked: Search, shown: readonly PlacedRecord[]) {
    this.#find = find;
    this.#asked = asked;
    this.#floor = shown.length < asked.limit ? 0n : BigInt(shown.at(-1)?.place ?? 0);
    this.#shown = new Set(shown.map(({ place }) => place));
    this.#moveTo(shown);
  }

  /** @returns what has arrived since, the oldest first */
  async next(): Promise<readonly Found[]> {
    const from = Math.max(this.#asked.fromMilliseconds ?? 0, this.#newestMilliseconds - LATE_MILLISECONDS);
    const found = await this.#findFrom(from);
    const fresh = found.filter(({ place }) => !this.#shown.has(place) && BigInt(place) >= this.#floor);
    // What is not found any more need not be known.
    this.#shown = new Set(found.map(({ place }) => place));
    this.#moveTo(found);
    return fresh.toReversed();
  }

  #moveTo([newest]: readonly PlacedRecord[]): void {
    if (newest === undefined) return;
    this.#newestMilliseconds = Math.max(this.#newestMilliseconds, timeOfPlace(BigInt(newest.place)));
  }

  async #findFrom(fromMilliseconds: number): Promise<readonly Found[]> {
    const all: Found[] = [];
    let before: string | null = null;
    for (let page = 0; page < PAGES; page += 1) {
      // oxlint-disable-next-line no-await-in-loop -- each page begins where the one before ended
      const found: readonly Found[] = await this.#find({ ...this.#asked, fromMilliseconds, before, limit: PAGE });
      all.push(...found);
      if (found.length < PAGE) break;
      before = found.at(-1)?.place ?? null;
    }
    return all;
  }
}
