/** The way to the Worker's queue handler, which only the platform may call otherwise. */
interface DoorEnv {
  readonly QUEUE_NAME: string;
  readonly CONSUMER: {
    queue(name: string, messages: readonly object[]): Promise<Delivered>;
  };
}

interface Delivered {
  readonly outcome: string;
  readonly ackAll: boolean;
  readonly retryBatch: { readonly retry: boolean };
  readonly explicitAcks: readonly string[];
  readonly retryMessages: readonly { readonly msgId: string }[];
}

interface Posted {
  readonly id: string;
  readonly attempts: number;
  readonly body: unknown;
}

/** POST messages; answers what the consumer said of each. */
export default {
  async fetch(request, { CONSUMER, QUEUE_NAME }) {
    const posted = await request.json<readonly Posted[]>();
    const messages = posted.map(({ id, attempts, body }) => ({ id, attempts, body, timestamp: new Date() }));
    return Response.json(await CONSUMER.queue(QUEUE_NAME, messages));
  },
} satisfies ExportedHandler<DoorEnv>;
