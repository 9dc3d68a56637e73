import { LIMITS } from "../src/limits.ts";
import { deployed } from "./deployed-config.ts";
import { inOrder } from "./in-order.ts";
import { postOnce } from "./load/connection.ts";
import { type Compared, compareInRounds, type Contestant, redeemed, warmUpAll } from "./rounds.ts";
import type { Workerd } from "./runtime/workerd.ts";
import { crossgateConfig } from "./subjects.ts";
import { tokenBody, tokenTemplate } from "./token-requests.ts";
import type { World } from "./world.ts";

/** Redemptions where the ledgers together remember so many identifiers, held against where they remember fewest. */
export interface LedgerRows extends Compared {
  readonly rows: number;
}

const CONNECTIONS = 32;
const SHARDS = Number(deployed.vars["LEDGER_SHARDS"]);
/** What SQLite keeps of a redemption's record in the tree itself; the rest has a page of its own, which no search reads. */
const EVENT_CHARACTERS = 500;
/** All that are still looked into. */
const WINDOWS = LIMITS.ledgerRetentionSeconds / LIMITS.ledgerWindowSeconds + 1;

/** One server keeps the fewest, the other is given more and more: so each is compared with its own time's. */
export async function measureLedgerRows(world: World, say: (text: string) => void): Promise<LedgerRows[]> {
  const [fewest = 0, ...more] = world.plan.ledgerRows;
  const [few, many] = [await start(world, "few rows"), await start(world, "many rows")];
  await fill(few.workerd, fewest);
  await fill(many.workerd, fewest);
  await warmUpAll(world, [few, many]);
  let held = fewest;
  const found = await inOrder([fewest, ...more], async (rows) => {
    if (rows > held) {
      say(`ledger: ${rows.toLocaleString("en-US")} rows`);
      await fill(many.workerd, rows - held);
      held = rows;
    }
    const [, compared] = await compareInRounds(world, [few, many], { ...world.plan.ledger, connections: CONNECTIONS });
    return compared === undefined ? [] : [{ ...compared, rows }];
  });
  await inOrder([few, many], ({ workerd }) => world.stop(workerd));
  return found.flat();
}

async function start(world: World, name: string): Promise<Contestant> {
  const sockets = [{ name: "control", service: "worker", entrypoint: "control" }];
  const workerd = await world.startConfigured((files) => crossgateConfig(files, { wrapper: "filled-worker", sockets }));
  const template = tokenTemplate(world.deployment, world.deployment.clientSecret);
  return { name, workerd, template, requests: redeemed(world.stock, name, tokenBody) };
}

async function fill(workerd: Workerd, rows: number): Promise<void> {
  const filling = {
    rows: Math.ceil(rows / SHARDS),
    windows: WINDOWS,
    windowMilliseconds: LIMITS.ledgerWindowSeconds * 1000,
    eventCharacters: EVENT_CHARACTERS,
  };
  const door = { path: "/fill", headers: { host: "control" } };
  const { status, body } = await postOnce(workerd.port("control"), door, JSON.stringify(filling));
  if (status !== 200) throw new Error(`the ledgers were not filled: ${status} ${body}\n${workerd.complaint}`);
}
