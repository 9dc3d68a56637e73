import { describe, expect, it } from "vitest";
import { FollowedRecords } from "../../../cli/audit/followed-records.ts";
import { earliestPlace, placeOf } from "../../../src/audit/place.ts";
import type { Search } from "../../../src/audit/search-records.ts";

const NOW = Date.UTC(2026, 10, 21, 8);
const ALL: Search = { members: {}, text: null, fromMilliseconds: null, toMilliseconds: null, before: null, limit: 3 };

interface Row {
  readonly place: string;
  readonly name: string;
}

/** An index that rows arrive in, in whatever order, searched as the index is: the newest first, by pages. */
class Rows {
  readonly asked: Search[] = [];
  #rows: Row[] = [];

  add(name: string, atMilliseconds: number, shard = 0, sequence = 1): void {
    this.#rows.push({ name, place: String(placeOf(atMilliseconds, `ledger/v1/${shard}/be4c`, sequence)) });
  }

  readonly find = async (asked: Search): Promise<readonly Row[]> => {
    this.asked.push(asked);
    const from = earliestPlace(asked.fromMilliseconds ?? 0);
    const before = asked.before === null ? null : BigInt(asked.before);
    return this.#rows
      .filter(({ place }) => BigInt(place) >= from && (before === null || BigInt(place) < before))
      .toSorted((a, b) => (BigInt(a.place) < BigInt(b.place) ? 1 : -1))
      .slice(0, asked.limit);
  };

  async follow(asked = ALL): Promise<{ readonly next: () => Promise<readonly string[]> }> {
    const followed = new FollowedRecords(this.find, asked, await this.find(asked));
    return { next: async () => (await followed.next()).map(({ name }) => name) };
  }
}

describe("what is followed", () => {
  it("is shown once, the oldest first, and not what was there before", async () => {
    const rows = new Rows();
    for (const at of [1, 2, 3, 4, 5]) rows.add(`before ${at}`, NOW + at);
    const { next } = await rows.follow();
    expect(await next()).toEqual([]);
    rows.add("one", NOW + 10);
    rows.add("two", NOW + 20);
    expect(await next()).toEqual(["one", "two"]);
    expect(await next()).toEqual([]);
  });

  it("is shown also where it comes after younger records of another ledger", async () => {
    const rows = new Rows();
    rows.add("before", NOW);
    const { next } = await rows.follow();
    rows.add("younger", NOW + 60_000, 1);
    expect(await next()).toEqual(["younger"]);
    rows.add("late", NOW + 30_000, 2);
    expect(await next()).toEqual(["late"]);
    expect(await next()).toEqual([]);
  });

  it("is shown in full where more arrives at once than a page holds", async () => {
    const rows = new Rows();
    const { next } = await rows.follow();
    for (let at = 0; at < 450; at += 1) rows.add(String(at), NOW + at);
    expect(await next()).toEqual(Array.from({ length: 450 }, (_, at) => String(at)));
    expect(await next()).toEqual([]);
  });

  it("is looked for behind the newest that was found, and not from the beginning each time", async () => {
    const rows = new Rows();
    rows.add("before", NOW);
    const { next } = await rows.follow();
    await next();
    expect(rows.asked.at(-1)?.fromMilliseconds).toBe(NOW - 300_000);
    rows.add("new", NOW + 1000);
    await next();
    await next();
    expect(rows.asked.at(-1)?.fromMilliseconds).toBe(NOW + 1000 - 300_000);
  });

  it("is nothing from before the time that was asked for", async () => {
    const rows = new Rows();
    const { next } = await rows.follow({ ...ALL, fromMilliseconds: NOW });
    rows.add("too old", NOW - 1);
    rows.add("new", NOW);
    expect(await next()).toEqual(["new"]);
  });
});
