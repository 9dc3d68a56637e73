import { describe, expect, it } from "vitest";
import { scope } from "../../../src/redemption/checks/scope.ts";
import { makeClient, makeIdJag, makeIdp, makeResource, reasonOf } from "../../support/redemption.ts";

const READ = "files:read";
const WRITE = "files:write";

interface Case {
  readonly requested?: string | null;
  readonly asserted?: readonly string[] | null;
  readonly ceiling?: "any" | readonly string[];
  readonly absent?: "refuse" | "policy_decides";
}

function check({ requested = null, asserted = [READ, WRITE], ceiling = "any", absent = "refuse" }: Case) {
  return scope({
    idJag: makeIdJag({ assertedScope: asserted === null ? null : new Set(asserted) }),
    idp: makeIdp({ scope_absent: absent }),
    client: makeClient({ scopes: ceiling }),
    resource: makeResource(),
    requestedScope: requested,
  });
}

describe("scope", () => {
  it.each<[string, Case, readonly string[]]>([
    ["all that is asserted, when nothing is requested", {}, [READ, WRITE]],
    ["what is requested of it", { requested: READ }, [READ]],
    [
      "what is asserted, when more is requested (RFC 7521 §4.1)",
      { requested: `${READ} ${WRITE}`, asserted: [READ] },
      [READ],
    ],
    ["one token, though it is requested twice", { requested: `${READ} ${READ}` }, [READ]],
    ["no more than the client's ceiling", { ceiling: [WRITE] }, [WRITE]],
    ["no more than the resource defines", { asserted: [READ, "admin"], requested: `${READ} admin` }, [READ]],
    [
      "the ceiling, when nothing is asserted and policy alone decides",
      { asserted: null, absent: "policy_decides", ceiling: [READ] },
      [READ],
    ],
    [
      "what is requested of the ceiling, in that case",
      { asserted: null, absent: "policy_decides", requested: WRITE },
      [WRITE],
    ],
  ])("admits %s", (_what, given, expected) => {
    expect([...check(given).admissibleScope].toSorted()).toEqual(expected);
  });

  it.each<[string, Case]>([
    ["what is requested and not asserted", { requested: WRITE, asserted: [READ] }],
    ["what the client is not registered for", { ceiling: [WRITE], asserted: [READ] }],
    ["anything for a client with an empty ceiling: an empty list is nothing", { ceiling: [] }],
    ["what the resource does not define", { asserted: ["admin"] }],
    ["a name that every object has", { asserted: ["constructor", "toString"] }],
    ["anything without an asserted scope, which is no blank cheque (H01)", { asserted: null }],
    ["what is requested without an asserted scope", { asserted: null, requested: READ }],
    ["a token in other letters", { requested: READ.toUpperCase() }],
  ])("refuses %s", async (_what, given) => {
    expect(await reasonOf(() => check(given))).toBe("scope_empty");
  });

  it.each([
    "",
    " ",
    `${READ} `,
    ` ${READ}`,
    `${READ}  ${WRITE}`,
    `${READ}\n${WRITE}`,
    `${READ}"`,
    "files\\read",
    "é",
    "s".repeat(129),
  ])("refuses %o for a requested scope (RFC 6749 §3.3)", async (requested) => {
    expect(await reasonOf(() => check({ requested }))).toBe("scope_malformed");
  });
});
