import * as z from "zod";
import type { AuditEvent } from "../audit/audit-event.ts";
import type { Sink } from "../trust/sink.ts";
import { type SinkBatch, type SinkMessage, spellRecord } from "./message.ts";

const INFORMATION = { severityNumber: 9, severityText: "INFO" } as const;
const SEVERITY = {
  granted: INFORMATION,
  done: INFORMATION,
  refused: { severityNumber: 13, severityText: "WARN" },
  failed: { severityNumber: 17, severityText: "ERROR" },
} as const;

/** Logs of the OpenTelemetry protocol, JSON over HTTP. A secret is the whole value of the Authorization header. */
export function otlpMessage(sink: Sink, batch: SinkBatch, secret: string | null): SinkMessage {
  const logRecords = batch.events.map((event) => logRecord(event, sink));
  const resource = { attributes: [attribute("service.name", "crossgate")] };
  const scopeLogs = [{ scope: { name: "crossgate.audit", version: "1" }, logRecords }];
  return {
    headers: { "content-type": "application/json", ...(secret === null ? {} : { authorization: secret }) },
    body: JSON.stringify({ resourceLogs: [{ resource, scopeLogs }] }),
  };
}

function logRecord(event: AuditEvent, { format }: Sink): object {
  // Nanoseconds, a number of 64 bits: a text in this protocol's JSON.
  const timeUnixNano = `${Date.parse(event.time)}000000`;
  return {
    timeUnixNano,
    observedTimeUnixNano: timeUnixNano,
    ...SEVERITY[event.decision],
    eventName: `crossgate.${event.type}`,
    body: { stringValue: JSON.stringify(spellRecord(event, format)) },
    attributes: [
      attribute("log.record.uid", event.id),
      attribute("crossgate.decision", event.decision),
      ...(event.reason === null ? [] : [attribute("crossgate.reason", event.reason)]),
      ...(event.organization === null ? [] : [attribute("crossgate.organization", event.organization)]),
    ],
    ...(event.trace_id === null ? {} : { traceId: event.trace_id }),
  };
}

function attribute(key: string, stringValue: string): object {
  return { key, value: { stringValue } };
}

const answerSchema = z.looseObject({
  partialSuccess: z.looseObject({ rejectedLogRecords: z.union([z.string().regex(/^\d{1,9}$/), z.int()]).optional() }),
});

/** How many records the receiver says that it has thrown away; to be told, and by the protocol never to be sent again. */
export function rejectedByOtlp(answer: string): number {
  try {
    const { partialSuccess } = answerSchema.parse(JSON.parse(answer));
    return Math.max(0, Number(partialSuccess.rejectedLogRecords ?? 0));
  } catch {
    return 0;
  }
}
