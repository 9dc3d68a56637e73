import { describe, expect, it } from "vitest";
import { FetchBudget } from "../../durable-objects/fetch-budget.ts";
import { LIMITS } from "../../src/limits.ts";

const START = Date.UTC(2031, 0, 1);
const INTERVAL = LIMITS.clientMetadataFetchIntervalSeconds * 1000;

function spend(budget: FetchBudget, atMilliseconds: number): number {
  let taken = 0;
  while (budget.take(atMilliseconds)) taken += 1;
  return taken;
}

describe("a budget of fetches", () => {
  it("allows a burst, and then one in a while", () => {
    const budget = new FetchBudget();
    expect(spend(budget, START)).toBe(LIMITS.clientMetadataFetchBurst);
    expect(spend(budget, START + INTERVAL - 1)).toBe(0);
    expect(spend(budget, START + INTERVAL)).toBe(1);
    expect(spend(budget, START + 4 * INTERVAL)).toBe(3);
  });

  it("saves no more than a burst", () => {
    const budget = new FetchBudget();
    spend(budget, START);
    expect(spend(budget, START + 1000 * INTERVAL)).toBe(LIMITS.clientMetadataFetchBurst);
  });

  it("gains nothing from a clock that goes back", () => {
    const budget = new FetchBudget();
    spend(budget, START);
    expect(spend(budget, START - 1000 * INTERVAL)).toBe(0);
  });
});
