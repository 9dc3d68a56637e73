import { setTimeout as delay } from "node:timers/promises";
import * as z from "zod";
import type { Crossgate } from "./crossgate.ts";
import type { Random } from "./random.ts";
import type { DurableQueue, QueuedMessage } from "./stores/queue.ts";

const deliveredSchema = z.object({
  outcome: z.string(),
  ackAll: z.boolean(),
  explicitAcks: z.array(z.string()),
});

const PAUSE_MILLISECONDS = 50;
const MESSAGES_PER_BATCH = 10;

/** The platform's side of a queue: delivers at least once, in any order, and again what nobody acknowledged. */
export class Delivery {
  readonly #queue: DurableQueue;
  readonly #crossgate: Crossgate;
  readonly #random: Random;
  #isRunning = true;
  #isHonest = false;
  readonly #ended: Promise<void>;

  constructor(queue: DurableQueue, crossgate: Crossgate, random: Random) {
    this.#queue = queue;
    this.#crossgate = crossgate;
    this.#random = random;
    this.#ended = this.#run();
  }

  /** From now on nothing is delivered twice on purpose, so that the queue can run dry. */
  becomeHonest(): void {
    this.#isHonest = true;
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    await this.#ended;
  }

  async #run(): Promise<void> {
    while (this.#isRunning) {
      await delay(PAUSE_MILLISECONDS);
      const batch = this.#random.shuffled([...this.#queue.waiting.values()]).slice(0, MESSAGES_PER_BATCH);
      if (batch.length > 0) await this.#deliver(batch).catch(() => undefined);
    }
  }

  async #deliver(batch: readonly QueuedMessage[]): Promise<void> {
    for (const message of batch) message.attempts += 1;
    const response = await fetch(`http://127.0.0.1:${this.#crossgate.runtime.port("door")}/`, {
      method: "POST",
      body: JSON.stringify(batch),
    });
    const { outcome, ackAll, explicitAcks } = deliveredSchema.parse(await response.json());
    if (outcome !== "ok") return;
    for (const { id } of batch) {
      const isAcknowledged = ackAll || explicitAcks.includes(id);
      if (isAcknowledged && (this.#isHonest || !this.#random.happens(0.2))) this.#queue.waiting.delete(id);
    }
  }
}
