import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Bill, type Billing, countBilledOperations } from "../../bench/billing.ts";
import { readPlan } from "../../bench/options.ts";
import { World } from "../../bench/world.ts";

/**
 * What is billed, counted in the runtime by the bench's own machinery. What a delivery costs is shared by all records of
 * it, so it is held against how many deliveries there were, and not against how fast this machine is.
 */
const RATE = { perSecond: 400, seconds: 1 };
/** Documents are read anew every 30 s. */
const FEW = 0.05;
let world: World;
let billing: Billing;

beforeAll(async () => {
  const plan = readPlan(["--quick"]);
  if (plan === null) throw new TypeError("no help was asked for");
  world = await World.make({ ...plan, pins: false, billedRates: [RATE], billedToolCalls: RATE });
  billing = await countBilledOperations(world);
});

afterAll(() => world.close());

function billOf(what: string): Bill {
  const bill = billing.bills.find((candidate) => candidate.what === what);
  if (bill === undefined) throw new TypeError(`no bill of ${what}`);
  return bill;
}

/** A message is three operations. */
function deliveriesEach({ operations }: Bill): number {
  return (operations.queueOperations ?? 0) / 3;
}

describe.each(["redemption", "tool call"])("a %s", (what) => {
  it("asks one Durable Object once, and all else it shares with others", () => {
    const bill = billOf(what);
    const shared = 2.5 * deliveriesEach(bill) + FEW;
    expect(bill.operations.durableObjectRequests).toBeLessThanOrEqual(1 + shared);
    expect(bill.operations.workerRequests).toBeLessThanOrEqual(1 + shared);
    expect(bill.operations.archiveWrites).toBeLessThanOrEqual(shared);
    expect(bill.operations.keyValueReads).toBeLessThanOrEqual(FEW);
    expect(bill.operations.keyValueWrites).toBe(0);
    expect(bill.operations.dataPoints).toBe(0);
  });

  it("writes one row of its own in it", () => {
    const bill = billOf(what);
    const { "INSERT INTO consumed_N": own, ...shared } = bill.rowsWritten;
    expect(own).toBe(1);
    for (const [statement, rows] of Object.entries(shared)) {
      expect(rows, statement).toBeLessThanOrEqual(2.5 * deliveriesEach(bill) + FEW);
    }
  });

  it("is two rows of the index, for itself and for its words", () => {
    const bill = billOf(what);
    // And once a batch, for the connections in it: when they were last used, and how often today.
    expect(bill.operations.indexRowsWritten).toBeLessThanOrEqual(2 + 4 * deliveriesEach(bill) + FEW);
  });
});

it("a refusal of somebody unknown writes nothing", () => {
  const { operations, rowsWritten } = billOf("wrong client secret");
  // What was served before may still be on its way while these are counted; one of their own would be 1.
  const { durableObjectRequests, queueOperations, archiveWrites, indexRowsWritten } = operations;
  for (const count of [durableObjectRequests, queueOperations, archiveWrites, indexRowsWritten]) {
    expect(count).toBeLessThanOrEqual(FEW);
  }
  expect(Object.values(rowsWritten).every((rows) => rows <= FEW)).toBe(true);
});

describe("the peer pays", () => {
  it("three KV writes for a redemption", () => {
    expect(billOf("peer").operations).toMatchObject({ keyValueReads: 2, keyValueWrites: 3 });
  });

  it("a KV read for a call, of which it keeps no record", () => {
    expect(billOf("peer's call").operations).toMatchObject({ keyValueReads: 1, keyValueWrites: 0 });
  });
});
