import { describe, expect, it } from "vitest";
import type { IdJag } from "../../../src/redemption/assertion.ts";
import { acceptanceWindow } from "../../../src/redemption/checks/acceptance-window.ts";
import { Passed } from "../../../src/redemption/passed.ts";
import { makeIdJag, makeIdp, NOW, reasonOf } from "../../support/redemption.ts";

function check(times: Partial<IdJag>, record = {}) {
  return acceptanceWindow({
    idJag: makeIdJag(times),
    idp: makeIdp(record),
    nowSeconds: NOW,
    audienceChecked: new Passed("audience"),
  });
}

describe("acceptance_window", () => {
  it("gives how long the assertion is accepted, and how long it is remembered", () => {
    expect(check({ expiresAtSeconds: NOW + 300 }, { clock_tolerance_seconds: 10 })).toEqual({
      window: { acceptedUntilSeconds: NOW + 310, retainUntilSeconds: NOW + 380 },
    });
  });

  it.each<[string, Partial<IdJag>, object]>([
    ["the whole lifetime that is allowed", { expiresAtSeconds: NOW + 300 }, {}],
    ["an expiry that the tolerance covers", { issuedAtSeconds: NOW - 60, expiresAtSeconds: NOW - 29 }, {}],
    ["an iat that the tolerance covers", { issuedAtSeconds: NOW + 30, expiresAtSeconds: NOW + 60 }, {}],
    ["an nbf that the tolerance covers", { notBeforeSeconds: NOW + 30 }, {}],
    [
      "a longer lifetime where the record allows it",
      { expiresAtSeconds: NOW + 600 },
      { maximum_lifetime_seconds: 600 },
    ],
  ])("accepts %s", async (_what, times, record) => {
    expect(await reasonOf(() => check(times, record))).toBe("accepted");
  });

  it.each<[string, Partial<IdJag>, object, string]>([
    ["what has expired", { issuedAtSeconds: NOW - 300, expiresAtSeconds: NOW - 30 }, {}, "assertion_expired"],
    [
      "what expires now, where there is no tolerance",
      { issuedAtSeconds: NOW - 9, expiresAtSeconds: NOW },
      { clock_tolerance_seconds: 0 },
      "assertion_expired",
    ],
    ["what lives a second too long", { expiresAtSeconds: NOW + 301 }, {}, "assertion_lifetime"],
    ["what lives ten years", { expiresAtSeconds: NOW + 10 * 365 * 86_400 }, {}, "assertion_lifetime"],
    [
      "what was issued long ago and still lives",
      { issuedAtSeconds: NOW - 3600, expiresAtSeconds: NOW + 60 },
      {},
      "assertion_lifetime",
    ],
    [
      "what expires before it was issued",
      { issuedAtSeconds: NOW + 20, expiresAtSeconds: NOW + 10 },
      {},
      "assertion_lifetime",
    ],
    ["what lives no time at all", { issuedAtSeconds: NOW, expiresAtSeconds: NOW }, {}, "assertion_lifetime"],
    [
      "what is longer lived than its record allows",
      { expiresAtSeconds: NOW + 61 },
      { maximum_lifetime_seconds: 60 },
      "assertion_lifetime",
    ],
    [
      "an iat in the future, which jose lets pass",
      { issuedAtSeconds: NOW + 31, expiresAtSeconds: NOW + 90 },
      {},
      "assertion_not_yet_valid",
    ],
    ["an nbf in the future", { notBeforeSeconds: NOW + 31 }, {}, "assertion_not_yet_valid"],
  ])("refuses %s [JAG-C-12, JAG-R-11]", async (_what, times, record, reason) => {
    expect(await reasonOf(() => check(times, record))).toBe(reason);
  });
});
