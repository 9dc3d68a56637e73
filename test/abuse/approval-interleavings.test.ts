import { abortAllDurableObjects, runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Approver } from "../../src/approval/approval.ts";
import { BOSS, deskOf, makeDecision, newOrganization, subjectAt } from "../support/approvals.ts";
import { permitRule } from "../support/documents.ts";
import { seededRandom, stubUpstream, TestGateway } from "../support/gateway.ts";

/**
 * Random interleavings of asking, deciding, expiring, calling and crashing, several at a time, through the gateway itself
 * and the desk itself. Whatever the order: a call is made at most once for each approval, only while it is good, never
 * without one, never by its requester's own word, and never with other arguments than were approved.
 */
const SEEDS = Array.from({ length: 12 }, (_, at) => at + 1);
const STEPS = 14;
const PEOPLE = ["ada", "bob"] as const;
const AMOUNTS = [1, 2] as const;
const WINDOW_SECONDS = 60;
/** Boss decides; Ada and Bob would, each also about his own; Eve is no approver. */
const DECIDERS: readonly Approver[] = [
  BOSS,
  BOSS,
  ...PEOPLE.map((sub) => ({ name: sub, groups: ["leads"], subjects: [subjectAt(sub)] })),
  { name: "eve", groups: [], subjects: [subjectAt("eve")] },
];

interface Approved {
  readonly call: string;
  readonly untilMilliseconds: number;
}

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: Date.now() }));
afterEach(() => vi.useRealTimers());

class Play {
  readonly organization = newOrganization();
  readonly random: (below: number) => number;
  /** By id: an approval that is given twice is one. */
  readonly approvals = new Map<string, Approved>();
  readonly made: { readonly call: string; readonly atMilliseconds: number }[] = [];
  readonly wrong: string[] = [];
  readonly #gateway: TestGateway;

  constructor(seed: number, gateway: TestGateway) {
    this.random = seededRandom(seed);
    this.#gateway = gateway;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.random(items.length)] as Item;
  }

  async call(): Promise<void> {
    const [person, amount] = [this.pick(PEOPLE), this.pick(AMOUNTS)];
    const sub_id = { format: "iss_sub", iss: subjectAt(person).issuer, sub: person };
    const claims = { organization: this.organization, sub: `usr_${person}`, sub_id, scope: "pay" };
    const params = { name: "pay", arguments: { amount, person } };
    const token = await this.#gateway.token(claims);
    await this.#gateway.call({ message: { jsonrpc: "2.0", id: 1, method: "tools/call", params }, token });
  }

  async decide(): Promise<void> {
    const waiting = await deskOf(this.organization)
      .list()
      .catch(() => []);
    if (waiting.length === 0) return;
    const { id, call } = this.pick(waiting);
    const approver = this.pick(DECIDERS);
    const verdict = this.random(4) === 0 ? "denied" : "approved";
    const decidedAt = Date.now();
    const result = await deskOf(this.organization)
      .decide(makeDecision(id, { approver, verdict }))
      .catch(() => "lost" as const);
    if (approver.name === "eve" || approver.name === call.requester.sub) {
      if (result === "decided") this.wrong.push(`${approver.name} decided`);
      return;
    }
    // One whose answer was lost may have been made all the same.
    if (verdict !== "approved" || (result !== "decided" && result !== "lost")) return;
    const of = `${call.requester.sub} ${call.callSha256}`;
    this.approvals.set(id, { call: of, untilMilliseconds: decidedAt + WINDOW_SECONDS * 1000 });
  }

  async step(): Promise<void> {
    const act = this.random(10);
    if (act < 5) return this.call();
    if (act < 8) return this.decide();
    if (act === 8) return abortAllDurableObjects();
    vi.setSystemTime(Date.now() + this.pick([1, 30, WINDOW_SECONDS]) * 1000);
    await runDurableObjectAlarm(deskOf(this.organization)).catch(() => false);
  }

  /** Each call that was made takes an approval of its own that was good then. */
  unapproved(): readonly string[] {
    const left = [...this.approvals.values()];
    return this.made.flatMap(({ call, atMilliseconds }) => {
      const at = left.findIndex((one) => one.call === call && atMilliseconds < one.untilMilliseconds);
      if (at === -1) return [call];
      left.splice(at, 1);
      return [];
    });
  }
}

async function digest(given: object): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(given));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

async function play(seed: number): Promise<Play> {
  const held = permitRule({
    id: "held",
    clients: "any",
    resources: "any",
    scopes: "any",
    calls: { tools: ["pay"] },
    approval: { approvers: { groups: ["leads"] }, expires_in_seconds: WINDOW_SECONDS },
  });
  const resources = [{ scopes: { pay: { description: "Pay", tools: ["pay"] } } }];
  const played = new Play(seed, await TestGateway.start({ resources, rules: [held] }));
  stubUpstream(async ({ body }) => {
    const { params } = JSON.parse(body ?? "{}") as { params: { arguments: { amount: number; person: string } } };
    const { amount, person } = params.arguments;
    played.made.push({
      call: `${person} ${await digest({ params: { arguments: { amount, person }, name: "pay" } })}`,
      atMilliseconds: Date.now(),
    });
    return Response.json({ jsonrpc: "2.0", id: 1, result: { content: [] } });
  });
  for (let step = 0; step < STEPS; step += 1) {
    const together = Array.from({ length: 1 + played.random(4) }, () => played.step());
    // oxlint-disable-next-line no-await-in-loop -- some at once, and then the next
    await Promise.all(together);
  }
  return played;
}

describe("approvals under any interleaving", () => {
  it(`are used once, by whom and for what they were given: ${SEEDS.length} plays`, async () => {
    let calls = 0;
    for (const seed of SEEDS) {
      // oxlint-disable-next-line no-await-in-loop -- each has the clock to itself
      const played = await play(seed);
      expect([seed, played.wrong, played.unapproved()]).toEqual([seed, [], []]);
      calls += played.made.length;
    }
    // Else nothing was shown.
    expect(calls).toBeGreaterThan(SEEDS.length);
  });
});
