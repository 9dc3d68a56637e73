import { post } from "../egress/post.ts";
import type { EgressRules } from "../egress/url-policy.ts";
import { LIMITS } from "../limits.ts";
import type { Sink } from "../trust/sink.ts";
import type { SinkBatch, SinkMessage } from "./message.ts";
import { otlpMessage, rejectedByOtlp } from "./otlp.ts";
import { otlpMetricsMessage } from "./otlp-metrics.ts";
import { otlpTracesMessage } from "./otlp-traces.ts";
import { SinkMisconfigured } from "./sink-secret.ts";
import { splunkMessage } from "./splunk.ts";
import type { Totals } from "./totals.ts";
import { webhookMessage } from "./webhook.ts";

export interface Feeding {
  readonly sink: Sink;
  readonly secret: string | null;
  readonly rules: EgressRules;
}

/** Sends one batch and comes back when it was taken. @returns how many of it the receiver threw away, by its own word */
export async function sendBatch(feeding: Feeding, batch: SinkBatch): Promise<number> {
  return send(feeding, await messageFor(feeding, batch));
}

/** Sends what has been counted. @returns how many of its numbers the receiver threw away */
export function sendTotals(feeding: Feeding, totals: Totals, nowMilliseconds: number): Promise<number> {
  return send(feeding, otlpMetricsMessage(totals, nowMilliseconds, feeding.secret));
}

async function send({ sink, rules }: Feeding, message: SinkMessage): Promise<number> {
  const bounds = { bytes: LIMITS.sinkAnswerBytes, milliseconds: LIMITS.sinkAnswerMilliseconds, rules };
  const { text } = await post(sink.url, message, bounds);
  return sink.type.startsWith("otlp") ? rejectedByOtlp(text) : 0;
}

function messageFor({ sink, secret }: Feeding, batch: SinkBatch): SinkMessage | Promise<SinkMessage> {
  if (sink.type === "otlp") return otlpMessage(sink, batch, secret);
  if (sink.type === "otlp_traces") return otlpTracesMessage(batch, secret);
  if (secret === null) throw new SinkMisconfigured("secret_missing");
  return sink.type === "webhook" ? webhookMessage(sink, batch, secret) : splunkMessage(sink, batch, secret);
}
