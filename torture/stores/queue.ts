import * as z from "zod";
import type { StoreHandler } from "./store-server.ts";

/** What `sendBatch` posts: each body is base64 of what `contentType: "json"` made of it. */
const batchSchema = z.object({ messages: z.array(z.object({ body: z.string() })) });

export interface QueuedMessage {
  readonly id: string;
  attempts: number;
  readonly body: unknown;
}

/** A queue that keeps what it has taken until its consumer has acknowledged it, and gives it out in any order. */
export class DurableQueue {
  readonly waiting = new Map<string, QueuedMessage>();
  #taken = 0;

  readonly handle: StoreHandler = ({ body }) => {
    for (const message of batchSchema.parse(JSON.parse(body.toString())).messages) {
      this.#take(JSON.parse(Buffer.from(message.body, "base64").toString()));
    }
    const metrics = { backlogCount: this.waiting.size, backlogBytes: 0, oldestMessageTimestamp: 0 };
    return {
      status: 200,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ metadata: { metrics } }),
    };
  };

  get taken(): number {
    return this.#taken;
  }

  #take(body: unknown): void {
    this.#taken += 1;
    const id = `message-${this.#taken}`;
    this.waiting.set(id, { id, attempts: 0, body });
  }
}
