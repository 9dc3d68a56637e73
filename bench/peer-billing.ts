import * as z from "zod";
import type { Bill } from "./billing.ts";
import { postOnce } from "./load/connection.ts";
import { askSteadily } from "./load/node-load.ts";
import { priceOf } from "./prices.ts";
import type { Workerd } from "./runtime/workerd.ts";
import { tokenBody, tokenTemplate } from "./token-requests.ts";
import type { World } from "./world.ts";

const countsSchema = z.object({ keyValueReads: z.int(), keyValueWrites: z.int() });
const REQUESTS = 100;
const PER_SECOND = 50;

/** What the same redemption costs the peer: nothing but KV, which is the dearest of all to write. */
export async function billPeer(world: World): Promise<Bill> {
  const workerd = await world.start("peer-kv");
  await redeem(world, workerd, 1);
  const before = await readCounts(workerd);
  const processorBefore = workerd.processorMilliseconds ?? Number.NaN;
  const arrivedPerSecond = await redeem(world, workerd, REQUESTS);
  const processorMilliseconds = ((workerd.processorMilliseconds ?? Number.NaN) - processorBefore) / REQUESTS;
  const after = await readCounts(workerd);
  await world.stop(workerd);
  const operations = {
    workerRequests: 1,
    processorMilliseconds,
    keyValueReads: (after.keyValueReads - before.keyValueReads) / REQUESTS,
    keyValueWrites: (after.keyValueWrites - before.keyValueWrites) / REQUESTS,
  };
  const dollarsPerMillion = priceOf(operations);
  return { what: "peer", arrivedPerSecond, requests: REQUESTS, operations, rowsWritten: {}, dollarsPerMillion };
}

async function redeem({ deployment, stock }: World, workerd: Workerd, count: number): Promise<number> {
  const { requestsPerSecond, unexpected, firstUnexpected } = await askSteadily({
    port: workerd.port("http"),
    template: tokenTemplate(deployment, deployment.clientSecret),
    bodies: stock.take("peer billing", count).map(tokenBody),
    perSecond: PER_SECOND,
    expectedStatus: 200,
  });
  if (unexpected > 0) throw new Error(`the peer answered ${firstUnexpected ?? ""}\n${workerd.complaint}`);
  return requestsPerSecond;
}

async function readCounts(workerd: Workerd): Promise<z.output<typeof countsSchema>> {
  const { body } = await postOnce(workerd.port("stores"), { path: "/counts", headers: { host: "stores" } }, "");
  return countsSchema.parse(JSON.parse(body));
}
