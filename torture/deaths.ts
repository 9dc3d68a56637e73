import { setTimeout as delay } from "node:timers/promises";
import { makeDeployment } from "../bench/deployment.ts";
import { ISSUER } from "../bench/subjects.ts";
import { readArchive } from "./archive.ts";
import { check, type Verdict } from "./checker.ts";
import { Client } from "./client.ts";
import { Delivery } from "./delivery.ts";
import { History } from "./history.ts";
import { Random } from "./random.ts";
import { playRound } from "./round.ts";
import type { Stores } from "./stores/stores.ts";
import { endWorld, startWorld } from "./world.ts";

export interface DeathsPlan {
  readonly kills: number;
  readonly assertionsPerRound: number;
  readonly seed: number;
  readonly directory: string;
  readonly say: (text: string) => void;
}

const DRY_WITHIN_MILLISECONDS = 180_000;
const DRY_STEP_MILLISECONDS = 500;

/** The runtime dies at random moments while clients redeem and its stores fail. */
export async function playDeaths({ kills, assertionsPerRound, seed, directory, say }: DeathsPlan): Promise<Verdict> {
  const random = new Random(seed);
  const deployment = await makeDeployment(ISSUER);
  const world = await startWorld({ deployment, directory, random });
  const { stores, crossgate } = world;
  const history = new History();
  const client = new Client(deployment, history);
  const delivery = new Delivery(stores.queue, crossgate, random);
  try {
    for (let round = 1; round <= kills; round += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one death after the other
      await playRound({ idp: deployment.idp, client, crossgate, stores, random, assertions: assertionsPerRound });
      if (round === 1 || round % 10 === 0) say(`death ${round} of ${kills}`);
    }
    say("letting everything run dry");
    stores.breakStores([]);
    delivery.becomeHonest();
    return await judgeWhenDry(history, stores);
  } finally {
    await delivery.stop();
    await endWorld(world);
  }
}

/** Records may take a while, and are violations only when they do not come. */
async function judgeWhenDry(history: History, stores: Stores): Promise<Verdict> {
  const deadline = performance.now() + DRY_WITHIN_MILLISECONDS;
  while (true) {
    const verdict = judge(history, stores);
    const isDry = stores.queue.waiting.size === 0 && verdict.violations.length === 0;
    if (isDry || performance.now() > deadline) return verdict;
    // oxlint-disable-next-line no-await-in-loop -- polling
    await delay(DRY_STEP_MILLISECONDS);
  }
}

function judge(history: History, stores: Stores): Verdict {
  const indexed = new Set(stores.index.read("SELECT id FROM audit_event").map(({ id }) => String(id)));
  return check({ history, archive: readArchive(stores.archive), indexed });
}
