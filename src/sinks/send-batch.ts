import { post } from "../egress/post.ts";
import type { EgressRules } from "../egress/url-policy.ts";
import { LIMITS } from "../limits.ts";
import type { Sink } from "../trust/sink.ts";
import type { SinkBatch, SinkMessage } from "./message.ts";
import { otlpMessage, rejectedByOtlp } from "./otlp.ts";
import { readSinkSecret, SinkMisconfigured } from "./sink-secret.ts";
import { splunkMessage } from "./splunk.ts";
import { webhookMessage } from "./webhook.ts";

export interface Feeding {
  readonly sink: Sink;
  readonly secrets: object;
  readonly rules: EgressRules;
}

/** Sends one batch and comes back when it was taken. @returns how many of it the receiver threw away, by its own word */
export async function sendBatch({ sink, secrets, rules }: Feeding, batch: SinkBatch): Promise<number> {
  const message = await messageFor(sink, batch, readSinkSecret(sink, secrets));
  const bounds = { bytes: LIMITS.sinkAnswerBytes, milliseconds: LIMITS.sinkAnswerMilliseconds, rules };
  const { text } = await post(sink.url, message, bounds);
  return sink.type === "otlp" ? rejectedByOtlp(text) : 0;
}

function messageFor(sink: Sink, batch: SinkBatch, secret: string | null): SinkMessage | Promise<SinkMessage> {
  if (sink.type === "otlp") return otlpMessage(sink, batch, secret);
  if (secret === null) throw new SinkMisconfigured("secret_missing");
  return sink.type === "webhook" ? webhookMessage(sink, batch, secret) : splunkMessage(sink, batch, secret);
}
