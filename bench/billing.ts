import { setTimeout as delay } from "node:timers/promises";
import * as z from "zod";
import { LIMITS } from "../src/limits.ts";
import { deployed } from "./deployed-config.ts";
import { inOrder } from "./in-order.ts";
import { postOnce } from "./load/connection.ts";
import { askSteadily } from "./load/node-load.ts";
import type { BilledRate } from "./options.ts";
import { billPeer } from "./peer-billing.ts";
import { type BilledOperation, priceOf } from "./prices.ts";
import { prepareRefusals } from "./refusal-kinds.ts";
import type { Workerd } from "./runtime/workerd.ts";
import { countedConfig } from "./subjects.ts";
import {
  obtainToken,
  type RequestTemplate,
  toolCallBody,
  toolCallTemplate,
  tokenBody,
  tokenTemplate,
} from "./token-requests.ts";
import type { World } from "./world.ts";

export interface Bill {
  readonly what: string;
  /** As it came to be, where the machine could not keep up with what was meant. */
  readonly arrivedPerSecond: number;
  readonly requests: number;
  /** Operations for one request. */
  readonly operations: Readonly<Partial<Record<BilledOperation, number>>>;
  /** Durable Object rows written for one request, by statement; `setAlarm` is one of them. */
  readonly rowsWritten: Readonly<Record<string, number>>;
  readonly dollarsPerMillion: number;
}

export interface Billing {
  readonly bills: readonly Bill[];
  /** What it costs a shard to forget a window of arrival. */
  readonly expiry: Expiry;
  readonly windowSeconds: number;
  readonly shards: number;
}

export interface Expiry {
  readonly requests: number;
  readonly rowsWritten: number;
  readonly rowsRead: number;
  /** How many rows a shard held when it forgot them. */
  readonly rowsHeld: number;
}

const statementSchema = z.object({ executions: z.int(), rowsRead: z.int(), rowsWritten: z.int() });
const workerCountsSchema = z.object({
  workerRequests: z.int(),
  consumerInvocations: z.int(),
  durableObjectRequests: z.int(),
  alarmsSet: z.int(),
  dataPoints: z.int(),
  statements: z.record(z.string(), statementSchema),
});
const storeCountsSchema = z.object({
  keyValueReads: z.int(),
  keyValueWrites: z.int(),
  queueMessages: z.int(),
  queueOperations: z.int(),
  auditEvents: z.int(),
  archiveWrites: z.int(),
  indexRowsRead: z.int(),
  indexRowsWritten: z.int(),
});
type Counts = z.output<typeof workerCountsSchema> & z.output<typeof storeCountsSchema>;

/** Counted in the runtime: every operation on its way to the binding, or in the Durable Object's own storage. */
export async function countBilledOperations(world: World): Promise<Billing> {
  const workerd = await world.startConfigured(countedConfig);
  const redeem = tokenTemplate(world.deployment, world.deployment.clientSecret);
  await touchEveryShard(world, workerd, redeem);
  const bills = [
    ...(await inOrder(world.plan.billedRates, (rate) => billRedemptions(world, workerd, redeem, rate))),
    ...(await billToolCalls(world, workerd)),
    ...(await billRefusals(world, workerd)),
    ...(await billPeer(world)),
  ];
  const shards = Number(deployed.vars["LEDGER_SHARDS"]);
  const expiry = await countExpiry(workerd, shards);
  await world.stop(workerd);
  return { bills, expiry, shards, windowSeconds: LIMITS.ledgerWindowSeconds };
}

/** So many that hardly ever one of sixteen shards is left out. */
const TOUCHES = 160;

/** Tables are made and documents are read once, which a short run would make look like often. */
async function touchEveryShard(world: World, workerd: Workerd, template: RequestTemplate): Promise<void> {
  const bodies = world.stock.take("billing", TOUCHES).map(tokenBody);
  await askSteadily({ port: workerd.port("http"), template, bodies, perSecond: TOUCHES, expectedStatus: 200 });
  await untilDelivered(workerd, bodies.length);
  await deliver(workerd);
}

function billRedemptions(world: World, workerd: Workerd, template: RequestTemplate, rate: BilledRate): Promise<Bill> {
  const bodies = world.stock.take("billing", rate.perSecond * rate.seconds).map(tokenBody);
  return bill(workerd, { what: "redemption", template, bodies, perSecond: rate.perSecond, status: 200 });
}

async function billToolCalls(world: World, workerd: Workerd): Promise<Bill[]> {
  const [assertion = ""] = world.stock.take("billing", 1);
  const before = await readCounts(workerd);
  const accessToken = await obtainToken(world.deployment, workerd.port("http"), assertion);
  await untilDelivered(workerd, before.auditEvents + 1);
  await deliver(workerd);
  const template = toolCallTemplate(world.deployment, accessToken);
  const { perSecond, seconds } = world.plan.billedToolCalls;
  const bodies = Array.from({ length: perSecond * seconds }, (_, id) => toolCallBody(id));
  return [await bill(workerd, { what: "tool call", template, bodies, perSecond, status: 200 })];
}

async function billRefusals(world: World, workerd: Workerd): Promise<Bill[]> {
  const kinds = await prepareRefusals(world, workerd);
  await delay(2 * LIMITS.auditDrainDelayMilliseconds);
  await deliver(workerd);
  const told = new Set(["replay", "wrong client secret"]);
  return inOrder(
    kinds.filter(({ name }) => told.has(name)),
    ({ name, template, assertions, expected, isRecorded }) => {
      const bodies = assertions.map(tokenBody);
      return bill(workerd, { what: name, template, bodies, perSecond: 100, status: expected.status, isRecorded });
    },
  );
}

interface Billed {
  readonly what: string;
  readonly template: RequestTemplate;
  readonly bodies: readonly string[];
  readonly perSecond: number;
  readonly status: number;
  /** Who authenticates nobody is counted and not recorded. */
  readonly isRecorded?: boolean;
}

async function bill(
  workerd: Workerd,
  { what, template, bodies, perSecond, status, isRecorded = true }: Billed,
): Promise<Bill> {
  const before = await readCounts(workerd);
  const processorBefore = workerd.processorMilliseconds ?? Number.NaN;
  const port = workerd.port("http");
  const { unexpected, requestsPerSecond } = await askSteadily({
    port,
    template,
    bodies,
    perSecond,
    expectedStatus: status,
  });
  if (unexpected > 0) throw new Error(`${what}: ${unexpected} answers were not ${status}\n${workerd.complaint}`);
  const processorMilliseconds = (workerd.processorMilliseconds ?? Number.NaN) - processorBefore;
  if (isRecorded) await untilDelivered(workerd, before.auditEvents + bodies.length);
  const after = await deliver(workerd);
  const each = (count: (counts: Counts) => number): number => (count(after) - count(before)) / bodies.length;
  const operations: Record<BilledOperation, number> = {
    workerRequests: each((counts) => counts.workerRequests + counts.consumerInvocations),
    processorMilliseconds: processorMilliseconds / bodies.length,
    durableObjectRequests: each((counts) => counts.durableObjectRequests),
    durableObjectRowsWritten: each((counts) => counts.alarmsSet + sumOf(counts, "rowsWritten")),
    durableObjectRowsRead: each((counts) => sumOf(counts, "rowsRead")),
    keyValueReads: each((counts) => counts.keyValueReads),
    keyValueWrites: each((counts) => counts.keyValueWrites),
    queueOperations: each((counts) => counts.queueOperations),
    archiveWrites: each((counts) => counts.archiveWrites),
    indexRowsWritten: each((counts) => counts.indexRowsWritten),
    indexRowsRead: each((counts) => counts.indexRowsRead),
    dataPoints: each((counts) => counts.dataPoints),
  };
  const rowsWritten = { setAlarm: each((counts) => counts.alarmsSet), ...rowsByStatement(after, each) };
  const dollarsPerMillion = priceOf(operations);
  return {
    what,
    arrivedPerSecond: requestsPerSecond,
    requests: bodies.length,
    operations,
    rowsWritten,
    dollarsPerMillion,
  };
}

function rowsByStatement(counts: Counts, each: (count: (counts: Counts) => number) => number): Record<string, number> {
  const rows = Object.keys(counts.statements).map(
    (name) => [name, each(({ statements }) => statements[name]?.rowsWritten ?? 0)] as const,
  );
  return Object.fromEntries(rows.filter(([, written]) => written > 0));
}

function sumOf({ statements }: Counts, member: "rowsRead" | "rowsWritten"): number {
  return Object.values(statements).reduce((sum, statement) => sum + statement[member], 0);
}

/** The clock is moved past every retention, and each shard does what its alarm would have done by then. */
async function countExpiry(workerd: Workerd, shards: number): Promise<Expiry> {
  const before = await readCounts(workerd);
  const aheadMilliseconds = (LIMITS.ledgerRetentionSeconds + 2 * LIMITS.ledgerWindowSeconds) * 1000;
  await askControl(workerd.port("control"), `/expire?milliseconds=${aheadMilliseconds}`);
  const after = await readCounts(workerd);
  const each = (count: (counts: Counts) => number): number => (count(after) - count(before)) / shards;
  return {
    requests: each((counts) => counts.durableObjectRequests),
    rowsWritten: each((counts) => counts.alarmsSet + sumOf(counts, "rowsWritten")),
    rowsRead: each((counts) => sumOf(counts, "rowsRead")),
    rowsHeld: (before.statements["INSERT INTO consumed_N"]?.rowsWritten ?? 0) / shards,
  };
}

/** From the queue to the archive and the index. */
async function deliver(workerd: Workerd): Promise<Counts> {
  await askControl(workerd.port("stores"), "/deliver").catch((error: unknown) => {
    throw new Error(`the queue was not delivered\n${workerd.complaint}`, { cause: error });
  });
  return readCounts(workerd);
}

const DELIVERED_WITHIN_MILLISECONDS = 20_000;
const AFTER_DELIVERY_MILLISECONDS = 300;

/** To the queue. Behind the last message an alarm still has its own state to write. */
async function untilDelivered(workerd: Workerd, auditEvents: number): Promise<void> {
  const deadline = performance.now() + DELIVERED_WITHIN_MILLISECONDS;
  while (performance.now() < deadline) {
    // oxlint-disable-next-line no-await-in-loop -- polling
    const counts = await readCounts(workerd);
    if (counts.auditEvents >= auditEvents) return delay(AFTER_DELIVERY_MILLISECONDS);
    // oxlint-disable-next-line no-await-in-loop -- polling
    await delay(100);
  }
  throw new Error(`audit records were not delivered\n${workerd.complaint}`);
}

async function readCounts(workerd: Workerd): Promise<Counts> {
  const worker = workerCountsSchema.parse(await askControl(workerd.port("control"), "/counts"));
  return { ...worker, ...storeCountsSchema.parse(await askControl(workerd.port("stores"), "/counts")) };
}

async function askControl(port: number, path: string): Promise<unknown> {
  const { status, body } = await postOnce(port, { path, headers: { host: "control" } }, "");
  if (status !== 200) throw new Error(`${path}: ${status} ${body}`);
  return JSON.parse(body);
}
