import * as z from "zod";
import type { Bill } from "./billing.ts";
import { postOnce } from "./load/connection.ts";
import { askSteadily } from "./load/node-load.ts";
import { priceOf } from "./prices.ts";
import type { Workerd } from "./runtime/workerd.ts";
import {
  obtainToken,
  type RequestTemplate,
  toolCallBody,
  toolCallTemplate,
  tokenBody,
  tokenTemplate,
} from "./token-requests.ts";
import type { World } from "./world.ts";

const countsSchema = z.object({ keyValueReads: z.int(), keyValueWrites: z.int() });
const REQUESTS = 100;
const PER_SECOND = 50;

/** What the same redemption costs the peer: nothing but KV, which is the dearest of all to write. And a call with its token. */
export async function billPeer(world: World): Promise<Bill[]> {
  const { deployment, stock } = world;
  const workerd = await world.start("peer-kv");
  const [assertion = ""] = stock.take("peer billing", 1);
  const accessToken = await obtainToken(deployment, workerd.port("http"), assertion);
  const redeem = tokenTemplate(deployment, deployment.clientSecret);
  const redemptions = await bill(workerd, {
    what: "peer",
    template: redeem,
    bodies: stock.take("peer billing", REQUESTS).map(tokenBody),
  });
  const calls = await bill(workerd, {
    what: "peer's call",
    template: toolCallTemplate(deployment, accessToken),
    bodies: Array.from({ length: REQUESTS }, (_, id) => toolCallBody(id)),
  });
  await world.stop(workerd);
  return [redemptions, calls];
}

interface Asked {
  readonly what: string;
  readonly template: RequestTemplate;
  readonly bodies: readonly string[];
}

async function bill(workerd: Workerd, { what, template, bodies }: Asked): Promise<Bill> {
  const before = await readCounts(workerd);
  const processorBefore = workerd.processorMilliseconds ?? Number.NaN;
  const load = { port: workerd.port("http"), template, bodies, perSecond: PER_SECOND, expectedStatus: 200 };
  const { requestsPerSecond, unexpected, firstUnexpected } = await askSteadily(load);
  if (unexpected > 0) throw new Error(`${what}: answered ${firstUnexpected ?? ""}\n${workerd.complaint}`);
  const after = await readCounts(workerd);
  const operations = {
    workerRequests: 1,
    processorMilliseconds: ((workerd.processorMilliseconds ?? Number.NaN) - processorBefore) / bodies.length,
    keyValueReads: (after.keyValueReads - before.keyValueReads) / bodies.length,
    keyValueWrites: (after.keyValueWrites - before.keyValueWrites) / bodies.length,
  };
  const dollarsPerMillion = priceOf(operations);
  return {
    what,
    arrivedPerSecond: requestsPerSecond,
    requests: bodies.length,
    operations,
    rowsWritten: {},
    dollarsPerMillion,
  };
}

async function readCounts(workerd: Workerd): Promise<z.output<typeof countsSchema>> {
  const { body } = await postOnce(workerd.port("stores"), { path: "/counts", headers: { host: "stores" } }, "");
  return countsSchema.parse(JSON.parse(body));
}
