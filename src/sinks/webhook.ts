import type { Sink } from "../trust/sink.ts";
import { type SinkBatch, type SinkMessage, spellRecord } from "./message.ts";
import { SinkMisconfigured } from "./sink-secret.ts";

const PREFIX = "whsec_";

/**
 * Signed as the Standard Webhooks specification has it: HMAC-SHA-256 over id, time and body, so that a receiver can tell
 * a message of ours, an old one, and one that it has already. The id of a message that is sent again is the same.
 */
export async function webhookMessage(sink: Sink, batch: SinkBatch, secret: string): Promise<SinkMessage> {
  const seconds = String(Math.floor(batch.sentAtMilliseconds / 1000));
  const timestamp = new Date(batch.sentAtMilliseconds).toISOString();
  const records = batch.records.map((record) => spellRecord(record, sink.format));
  const body = JSON.stringify({ type: "crossgate.audit", timestamp, data: { format: sink.format, records } });
  const signature = await sign(`${batch.id}.${seconds}.${body}`, secret);
  return {
    headers: {
      "content-type": "application/json",
      "webhook-id": batch.id,
      "webhook-timestamp": seconds,
      "webhook-signature": `v1,${signature}`,
    },
    body,
  };
}

async function sign(text: string, secret: string): Promise<string> {
  const key = await crypto.subtle.importKey("raw", keyOf(secret), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(text))).toBase64();
}

const SHORTEST_KEY_BYTES = 24;

/** @throws SinkMisconfigured for what is no secret of that specification */
function keyOf(secret: string): Uint8Array<ArrayBuffer> {
  try {
    const key = Uint8Array.fromBase64(secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : "");
    if (key.length >= SHORTEST_KEY_BYTES) return key;
  } catch {
    // Told below: it is no base64.
  }
  throw new SinkMisconfigured("secret_malformed");
}
