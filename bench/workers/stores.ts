import { DurableObject } from "cloudflare:workers";

/**
 * What Crossgate's bindings lead to: one entrypoint for each, speaking what the runtime's binding of that kind speaks.
 * Each counts what Cloudflare bills for it; `control` reads the counts.
 */
interface StoresEnv {
  readonly DOCUMENTS: Readonly<Record<string, string>>;
  readonly MIGRATIONS: readonly string[];
  readonly INDEX: DurableObjectNamespace<IndexDatabase>;
  readonly CONSUMER: Consumer;
  readonly QUEUE: { readonly name: string; readonly batchMessages: number; readonly keepsMessages: boolean };
}

/** A Worker whose queue handler this one may call, as only the platform may otherwise. */
interface Consumer {
  queue(name: string, messages: readonly object[]): Promise<{ outcome: string; retryMessages: readonly object[] }>;
}

type Handler = Required<Pick<ExportedHandler<StoresEnv>, "fetch">>;

const KILOBYTES_PER_OPERATION = 64;
const counts = {
  keyValueReads: 0,
  keyValueWrites: 0,
  queueMessages: 0,
  queueOperations: 0,
  queueBatches: 0,
  auditEvents: 0,
  archiveWrites: 0,
  indexRowsRead: 0,
  indexRowsWritten: 0,
};
let kept: unknown[] = [];
/** The consumer asks a queue to try again and does not say why; this is what the index last said. */
let complaint = "";

/** KV reads: GET /<key>, 404 for a key that is not there. Writes are counted and forgotten. */
export const keyValue: Handler = {
  fetch(request, env) {
    if (request.method !== "GET") {
      counts.keyValueWrites += 1;
      return new Response(null);
    }
    counts.keyValueReads += 1;
    const value = env.DOCUMENTS[decodeURIComponent(new URL(request.url).pathname.slice(1))];
    return value === undefined ? new Response(null, { status: 404 }) : new Response(value);
  },
};

interface QueuedMessage {
  readonly body: string;
}

/** A message is written, read and deleted, each billed for every 64 KB of it. */
export const queue: Handler = {
  async fetch(request, env) {
    const { messages } = await request.json<{ messages: readonly QueuedMessage[] }>();
    for (const { body } of messages) {
      counts.queueMessages += 1;
      counts.queueOperations += 3 * Math.max(1, Math.ceil((body.length * 0.75) / 1024 / KILOBYTES_PER_OPERATION));
      if (env.QUEUE.keepsMessages) keep(JSON.parse(new TextDecoder().decode(Uint8Array.fromBase64(body))));
    }
    return Response.json({ metadata: { metrics: { backlogCount: 0, backlogBytes: 0, oldestMessageTimestamp: 0 } } });
  },
};

function keep(message: { readonly events: readonly unknown[] }): void {
  counts.auditEvents += message.events.length;
  kept.push(message);
}

/** R2 puts: the object is read and thrown away. */
export const archive: Handler = {
  async fetch(request) {
    const size = (await request.arrayBuffer()).byteLength;
    counts.archiveWrites += 1;
    const stored = { name: "", version: "1", size: String(size), etag: "0".repeat(32), uploaded: String(Date.now()) };
    const text = JSON.stringify({ ...stored, httpFields: {}, customFields: [], checksums: {} });
    return new Response(text, { headers: { "cf-r2-metadata-size": String(text.length) } });
  },
};

interface Query {
  readonly sql: string;
  readonly params?: readonly (string | number | null)[];
}

interface QueryCost {
  readonly rowsRead: number;
  readonly rowsWritten: number;
}

/** D1, with the project's own migrations and in real SQLite, so that indexes cost what they cost. */
export const index: Handler = {
  async fetch(request, env) {
    const asked = await request.json<Query | readonly Query[]>();
    const queries = Array.isArray(asked) ? asked : [asked];
    const costs = await env.INDEX.getByName("index")
      .run(queries, env.MIGRATIONS)
      .catch((error: unknown) => {
        complaint = String(error);
        throw error;
      });
    for (const cost of costs) {
      counts.indexRowsRead += cost.rowsRead;
      counts.indexRowsWritten += cost.rowsWritten;
    }
    const metas = costs.map((cost) => ({ duration: 0, rows_read: cost.rowsRead, rows_written: cost.rowsWritten }));
    return Response.json(metas.map((meta) => ({ success: true, results: [], meta })));
  },
};

export class IndexDatabase extends DurableObject<StoresEnv> {
  run(queries: readonly Query[], migrations: readonly string[]): QueryCost[] {
    const storage = this.ctx.storage.sql;
    // Asked of storage and not of memory, which an object that has been idle for a while loses.
    const [migrated] = storage.exec("SELECT 1 FROM sqlite_master WHERE name = 'audit_event'");
    if (migrated === undefined) migrations.forEach((migration) => void storage.exec(migration).toArray());
    return queries.map(({ sql, params = [] }) => {
      const cursor = storage.exec(sql, ...params);
      cursor.toArray();
      return { rowsRead: cursor.rowsRead, rowsWritten: cursor.rowsWritten };
    });
  }
}

interface ToolCall {
  readonly id: number;
  readonly params: { readonly arguments: { readonly path: string } };
}

const LARGE = "x".repeat(1024 * 1024);

/** The MCP server behind the gateway: answers every call at once, by what file it is asked for. */
export const upstream: Handler = {
  async fetch(request) {
    const { id, params } = await request.json<ToolCall>();
    const { path } = params.arguments;
    if (path === "/endless") return endless();
    const text = path === "/large" ? LARGE : "done";
    return Response.json({ jsonrpc: "2.0", id, result: { content: [{ type: "text", text }] } });
  },
};

const PROGRESS = { progressToken: "endless", progress: 1, message: "x".repeat(4096) };
const EVENT = `event: message\ndata: ${JSON.stringify({ jsonrpc: "2.0", method: "notifications/progress", params: PROGRESS })}\n\n`;

/** One event after the other for as long as somebody reads them. */
function endless(): Response {
  const event = new TextEncoder().encode(EVENT);
  const body = new ReadableStream({ pull: (controller) => controller.enqueue(event.slice()) });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

/** GET /counts, and POST /deliver to hand what the queue has kept to its consumer in batches as full as may be. */
export default {
  async fetch(request, env) {
    if (new URL(request.url).pathname === "/deliver") await deliver(env);
    return Response.json(counts);
  },
} satisfies ExportedHandler<StoresEnv>;

const ATTEMPTS = 5;

async function deliver({ QUEUE, CONSUMER }: StoresEnv): Promise<void> {
  let messages = kept.map((body) => ({ id: crypto.randomUUID(), timestamp: new Date(), attempts: 1, body }));
  kept = [];
  for (let attempt = 1; messages.length > 0; attempt += 1) {
    if (attempt > ATTEMPTS) throw new Error(`the consumer did not take ${messages.length} messages: ${complaint}`);
    // oxlint-disable-next-line no-await-in-loop -- what was not taken comes again, as from any queue
    const again = await deliverOnce(messages, { QUEUE, CONSUMER });
    messages = messages.filter(({ id }) => again.has(id));
  }
}

/** @returns which messages are to come again */
async function deliverOnce(
  messages: Parameters<StoresEnv["CONSUMER"]["queue"]>[1],
  { QUEUE, CONSUMER }: Pick<StoresEnv, "QUEUE" | "CONSUMER">,
): Promise<ReadonlySet<string>> {
  const again = new Set<string>();
  for (let at = 0; at < messages.length; at += QUEUE.batchMessages) {
    counts.queueBatches += 1;
    const batch = messages.slice(at, at + QUEUE.batchMessages);
    // oxlint-disable-next-line no-await-in-loop -- one batch after the other, as one consumer takes them
    const { outcome, retryMessages } = await CONSUMER.queue(QUEUE.name, batch);
    if (outcome !== "ok") throw new Error(`the consumer failed: ${outcome}`);
    for (const { msgId } of retryMessages as { readonly msgId: string }[]) again.add(msgId);
  }
  return again;
}
