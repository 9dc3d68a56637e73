import { describe, expect, it } from "vitest";
import { awaitEffect, type Waiting } from "../../../cli/revoke/await-effect.ts";
import type { OrderStatus } from "../../../cli/revoke/orders.ts";
import { CommandError } from "../../../cli/command-error.ts";

const GIVEN: OrderStatus = { version: 7, in_effect: false, waiting_for: 2, ledgers: 64, people_still_connected: 0 };
const DONE: OrderStatus = { version: 7, in_effect: true, waiting_for: 0, ledgers: 64, people_still_connected: 0 };

/** A clock that goes on by what is waited, and a server that answers in turn, the last answer for ever. */
function waitingFor(...answers: readonly (OrderStatus | Error)[]) {
  const [told, asked]: [string[], number[]] = [[], []];
  let now = 0;
  const waiting: Waiting = {
    read: async (version) => {
      const answer = answers[Math.min(asked.push(version), answers.length) - 1];
      if (answer === undefined || answer instanceof Error) throw answer ?? new Error("no answer was expected");
      return answer;
    },
    tell: (line) => told.push(line),
    now: () => now,
    pause: async (milliseconds) => {
      now += milliseconds;
    },
    limitSeconds: 60,
  };
  return { waiting, told, asked };
}

describe("waiting until an order is in effect", () => {
  it("asks nothing where it already is", async () => {
    const { waiting, told, asked } = waitingFor();
    expect(await awaitEffect(DONE, waiting)).toEqual(DONE);
    expect([told, asked]).toEqual([[], []]);
  });

  it("asks for that very order and says for whom it waits", async () => {
    const { waiting, told, asked } = waitingFor({ ...GIVEN, waiting_for: 1 }, DONE);
    expect(await awaitEffect(GIVEN, waiting)).toEqual(DONE);
    expect(told).toEqual(["waiting for 2 of 64 ledgers", "waiting for 1 of 64 ledgers"]);
    expect(asked).toEqual([7, 7]);
  });

  it("waits for connected accounts too, once nothing is issued any more", async () => {
    const { waiting, told } = waitingFor(DONE);
    const given = { ...DONE, people_still_connected: 1 };
    expect(await awaitEffect(given, waiting)).toEqual(DONE);
    expect(told).toEqual(["waiting for the connected accounts of 1 to be ended"]);
  });

  it("goes on past a question that was not answered, and says so", async () => {
    const { waiting, told } = waitingFor(new CommandError("it did not answer"), DONE);
    expect(await awaitEffect(GIVEN, waiting)).toEqual(DONE);
    expect(told).toContain("it did not answer");
  });

  it("hides no fault of its own", async () => {
    const { waiting } = waitingFor(new TypeError("a mistake"));
    await expect(awaitEffect(GIVEN, waiting)).rejects.toThrow("a mistake");
  });

  it("ends, and never says that what is not in effect were", async () => {
    const { waiting, asked } = waitingFor(GIVEN);
    expect(await awaitEffect(GIVEN, waiting)).toEqual(GIVEN);
    expect(asked).toHaveLength(60);
  });
});
