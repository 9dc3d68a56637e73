import * as z from "zod";
import type { Sink } from "../trust/sink.ts";
import { type ArchivedRecord, timeOf } from "./archived-record.ts";
import { type SinkBatch, type SinkMessage, spellRecord } from "./message.ts";

const INFORMATION = { severityNumber: 9, severityText: "INFO" } as const;
const SEVERITY = {
  granted: INFORMATION,
  done: INFORMATION,
  refused: { severityNumber: 13, severityText: "WARN" },
  failed: { severityNumber: 17, severityText: "ERROR" },
} as const;

/** Who sends: the same for logs, spans and metrics, so that a backend puts them together. */
export const OTLP_RESOURCE = { attributes: [attribute("service.name", "crossgate")] };

export interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue: string };
}

export function attribute(key: string, stringValue: string): Attribute {
  return { key, value: { stringValue } };
}

/** Of those that are known. */
export function attributesOf(known: Readonly<Record<string, string | null>>): readonly Attribute[] {
  return Object.entries(known).flatMap(([key, value]) => (value === null ? [] : [attribute(key, value)]));
}

/** Nanoseconds, a number of 64 bits: a text in this protocol's JSON. */
export function nanoseconds(milliseconds: number): string {
  return `${Math.trunc(milliseconds)}000000`;
}

/** JSON over HTTP. A secret is the whole value of the Authorization header. */
export function otlpPost(body: object, secret: string | null): SinkMessage {
  const authorization: Record<string, string> = secret === null ? {} : { authorization: secret };
  return { headers: { "content-type": "application/json", ...authorization }, body: JSON.stringify(body) };
}

/** Logs of the OpenTelemetry protocol. */
export function otlpMessage(sink: Sink, batch: SinkBatch, secret: string | null): SinkMessage {
  const logRecords = batch.records.map((record) => logRecord(record, sink, batch));
  const scopeLogs = [{ scope: { name: "crossgate.audit", version: "1" }, logRecords }];
  return otlpPost({ resourceLogs: [{ resource: OTLP_RESOURCE, scopeLogs }] }, secret);
}

function logRecord(record: ArchivedRecord, { format }: Sink, { sentAtMilliseconds }: SinkBatch): object {
  const { id, event } = record;
  const timeUnixNano = nanoseconds(timeOf(record) ?? sentAtMilliseconds);
  const known = {
    "log.record.uid": id,
    "crossgate.decision": event?.decision ?? null,
    "crossgate.reason": event?.reason ?? null,
    "crossgate.organization": event?.organization ?? null,
  };
  return {
    timeUnixNano,
    observedTimeUnixNano: timeUnixNano,
    ...(event === null ? {} : { ...SEVERITY[event.decision], eventName: `crossgate.${event.type}` }),
    body: { stringValue: JSON.stringify(spellRecord(record, format)) },
    attributes: attributesOf(known),
    ...(event?.trace_id ? { traceId: event.trace_id } : {}),
    ...(event?.trace_id && event.span_id ? { spanId: event.span_id } : {}),
  };
}

const rejected = z.union([z.string().regex(/^\d{1,9}$/), z.int()]).optional();
const answerSchema = z.looseObject({
  partialSuccess: z.looseObject({
    rejectedLogRecords: rejected,
    rejectedSpans: rejected,
    rejectedDataPoints: rejected,
  }),
});

/** How much the receiver says that it has thrown away; to be told, and by the protocol never to be sent again. */
export function rejectedByOtlp(answer: string): number {
  try {
    const { rejectedLogRecords, rejectedSpans, rejectedDataPoints } = answerSchema.parse(
      JSON.parse(answer),
    ).partialSuccess;
    return Math.max(0, Number(rejectedLogRecords ?? rejectedSpans ?? rejectedDataPoints ?? 0));
  } catch {
    return 0;
  }
}
