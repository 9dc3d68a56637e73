import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { carriedFacts, nameOfAsked } from "../../src/policy/asked-facts.ts";
import { CLIENT, denyRule, type Members, permitRule, RESOURCE } from "../support/documents.ts";
import { makePolicy } from "../support/redemption.ts";

const asker = { clientId: CLIENT, resource: RESOURCE };
const person = { groups: new Set(["analysts", "staff", "interns"]), emailDomain: "example.com" };
const carry = (...rules: readonly Members[]) => carriedFacts(makePolicy({ rules }), { ...asker, ...person });
const nameOf = (...rules: readonly Members[]) => nameOfAsked(makePolicy({ rules }), asker);

describe("what a token tells of a person", () => {
  it("is nothing that policy does not ask", async () => {
    expect(await carry(permitRule())).toEqual({ groups: [], emailDomain: null, asked: null });
  });

  it("is the groups that rules name, and no other", async () => {
    const facts = await carry(permitRule({ groups: ["staff", "board"] }), denyRule({ groups: ["interns"] }));
    expect(facts).toMatchObject({ groups: ["interns", "staff"], emailDomain: null });
    expect(facts.asked).toMatch(/^[\w-]{16}$/);
  });

  it("is the domain of an address, where a rule asks for one", async () => {
    expect((await carry(permitRule({ email_domains: ["example.org"] }))).emailDomain).toBe("example.com");
    expect((await carry(permitRule({ condition: 'email_domain == "x"' }))).emailDomain).toBe("example.com");
  });

  it("is all groups, where an expression looks at them", async () => {
    const all = ["analysts", "interns", "staff"];
    expect((await carry(permitRule({ condition: '"x" in groups' }))).groups).toEqual(all);
    expect((await carry(permitRule({ calls: { condition: '"x" in groups' } }))).groups).toEqual(all);
  });

  it("is nothing that only rules about other clients and servers ask", async () => {
    const others = [
      permitRule({ id: "a", clients: ["another"], groups: ["staff"] }),
      permitRule({ id: "b", resources: ["https://other.example/mcp"], groups: ["staff"] }),
    ];
    expect(await carry(...others)).toEqual({ groups: [], emailDomain: null, asked: null });
  });
});

describe("what is remembered of a policy's questions", () => {
  it("is kept for each client at each server apart", async () => {
    const policy = makePolicy({
      rules: [
        permitRule({ id: "a", clients: ["one"], groups: ["staff"] }),
        permitRule({ id: "b", clients: ["https://agents.example/*"], groups: ["analysts"] }),
        permitRule({ id: "c", clients: ["two"], resources: ["https://other.example/mcp"], email_domains: ["x"] }),
      ],
    });
    const askers = [
      { clientId: "one", resource: RESOURCE },
      { clientId: "https://agents.example/a", resource: RESOURCE },
      { clientId: "two", resource: RESOURCE },
      { clientId: "two", resource: "https://other.example/mcp" },
    ];
    for (const _time of ["first", "again"]) {
      const told = await Promise.all(askers.map((each) => carriedFacts(policy, { ...each, ...person })));
      expect(told.map(({ groups, emailDomain }) => [groups, emailDomain])).toEqual([
        [["staff"], null],
        [["analysts"], null],
        [[], null],
        [[], "example.com"],
      ]);
      expect(new Set(told.map(({ asked }) => asked)).size).toBe(askers.length);
    }
  });

  it("stays true of more askers than are remembered", async () => {
    const policy = makePolicy({ rules: [permitRule({ clients: "any", groups: ["staff"] })] });
    const ask = (at: number) => nameOfAsked(policy, { clientId: `client-${at}`, resource: RESOURCE });
    const names = await Promise.all(Array.from({ length: LIMITS.askersRemembered + 2 }, (_, at) => ask(at)));
    expect(new Set(names).size).toBe(1);
    expect(await ask(0)).toBe(names[0]);
  });
});

describe("the name of what is asked", () => {
  it("is the same for the same questions, in whatever order and by whichever rules", async () => {
    const one = await nameOf(permitRule({ groups: ["a", "b"] }));
    expect(await nameOf(permitRule({ groups: ["b"] }), denyRule({ groups: ["a", "b"] }))).toBe(one);
    expect((await carry(permitRule({ groups: ["a", "b"] }))).asked).toBe(one);
  });

  it("differs for any other question", async () => {
    const questions = [
      { groups: ["a"] },
      { groups: ["a", "b"] },
      { groups: ["a b"] },
      { email_domains: ["a"] },
      { groups: ["a"], email_domains: ["a"] },
      { condition: "groups.size() > 0" },
      { groups: ["any"] },
    ];
    const named = await Promise.all(questions.map((members) => nameOf(permitRule(members))));
    expect(new Set(named).size).toBe(questions.length);
  });
});
