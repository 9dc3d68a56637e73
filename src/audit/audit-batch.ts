import * as z from "zod";
import { LIMITS } from "../limits.ts";

const hash = z.string().regex(/^[0-9a-f]{64}$/);

/**
 * One queue message, and one object of the archive: a range of one chain's records, in order, as the ledger serialized
 * them. The ledger fixes where it begins and ends when it cuts it, so that whatever is sent again is the same to the byte.
 */
export const auditBatchSchema = z
  .strictObject({
    version: z.literal(1),
    /** Names the ledger and its place; numbers of records are unique within it. */
    chain: z.string().max(192),
    /** The ledger's id as its namespace spells it: who is told once the batch is in the archive. */
    ledger: z.string().max(128),
    firstSequence: z.int().min(1),
    lastSequence: z.int().min(1),
    previousHash: hash,
    hash,
    events: z.array(z.string().regex(/^[^\n]*$/)).min(1),
  })
  .refine(({ firstSequence, lastSequence, events }) => lastSequence - firstSequence + 1 === events.length, {
    path: ["lastSequence"],
    message: "does not fit the number of events",
  });

export type AuditBatch = z.output<typeof auditBatchSchema>;

const encoder = new TextEncoder();

/** What the archive keeps of a batch: NDJSON, nothing beside the events. */
export function contentOf(events: readonly string[]): string {
  return `${events.join("\n")}\n`;
}

/** `{ echo PREVIOUS; cat OBJECT; } | sha256sum`, so that anybody can follow a chain by hand. */
export function hashBatch(previousHash: string, content: string | Uint8Array): Promise<string> {
  const [before, after] = [
    encoder.encode(`${previousHash}\n`),
    typeof content === "string" ? encoder.encode(content) : content,
  ];
  const bytes = new Uint8Array(before.length + after.length);
  bytes.set(before);
  bytes.set(after, before.length);
  return sha256(bytes);
}

/** What the first batch of a chain follows: its own name, so that no chain can be passed off as another. */
export function genesisOf(chain: string): Promise<string> {
  return sha256(encoder.encode(`crossgate audit chain ${chain}\n`).slice());
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/** How many of these events, from the first, one message takes. At least one: no event is larger than a message. */
export function countThatFit(events: readonly string[]): number {
  let bytes = 0;
  const end = events.findIndex((event) => (bytes += messageBytes(event)) > LIMITS.auditMessageBytes);
  return end === -1 ? events.length : Math.max(1, end);
}

/** As the queue weighs it: what JSON adds inside an event depends on what the event says. */
function messageBytes(event: string): number {
  return encoder.encode(JSON.stringify(event)).length + 1;
}
