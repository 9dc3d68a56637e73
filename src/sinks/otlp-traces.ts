import type { AuditEvent } from "../audit/audit-event.ts";
import { attributesOf, nanoseconds, OTLP_RESOURCE, otlpPost } from "./otlp.ts";
import type { SinkBatch, SinkMessage } from "./message.ts";

const INTERNAL = 1;
const SERVER = 2;
const ERROR = 2;

/** Each of these is the one record of its request, and so is the request's own span; others are parts of one. */
const REQUESTS: ReadonlySet<AuditEvent["type"]> = new Set([
  "redemption",
  "gateway_call",
  "introspection",
  "connection",
  "admin_action",
]);

/**
 * Spans, made of the records: what decided, for how long, under which parent, and nothing about a person. A request's own
 * span has the id that an MCP server was given as its parent, so that what it traces hangs below what is recorded here.
 */
export async function otlpTracesMessage({ records }: SinkBatch, secret: string | null): Promise<SinkMessage> {
  const events = records.flatMap(({ event }) => event ?? []);
  const spans = (await Promise.all(events.map(spanOf))).flat();
  const scopeSpans = [{ scope: { name: "crossgate.audit", version: "1" }, spans }];
  return otlpPost({ resourceSpans: [{ resource: OTLP_RESOURCE, scopeSpans }] }, secret);
}

/** None of what no request asked for, or is from before records had spans. */
async function spanOf(event: AuditEvent): Promise<readonly object[]> {
  const { type, trace_id: traceId, span_id: requestSpanId, parent_span_id, decision } = event;
  if (traceId === null || requestSpanId === null) return [];
  const isRequest = REQUESTS.has(type);
  const parentSpanId = isRequest ? parent_span_id : requestSpanId;
  const began = Date.parse(event.time);
  return [
    {
      traceId,
      spanId: isRequest ? requestSpanId : await spanIdOf(event.id),
      ...(parentSpanId === null ? {} : { parentSpanId }),
      name: event.method === null ? `crossgate.${type}` : `crossgate.${type} ${event.method}`,
      kind: isRequest ? SERVER : INTERNAL,
      startTimeUnixNano: nanoseconds(began),
      endTimeUnixNano: nanoseconds(began + (isRequest ? (event.duration_milliseconds ?? 0) : 0)),
      attributes: attributesOf(describe(event)),
      ...(decision === "failed" ? { status: { code: ERROR, message: event.reason ?? "" } } : {}),
    },
  ];
}

function describe(event: AuditEvent): Readonly<Record<string, string | null>> {
  return {
    "crossgate.record.id": event.id,
    "crossgate.correlation_id": event.correlation_id,
    "crossgate.decision": event.decision,
    "crossgate.reason": event.reason,
    "crossgate.check": event.check,
    "crossgate.action": event.action,
    "crossgate.organization": event.organization,
    "crossgate.client_id": event.client_id,
    "crossgate.resource": event.resource,
    "crossgate.policy_revision": event.policy_revision,
    "rpc.method": event.method,
    "http.response.status_code": event.upstream_status === null ? null : String(event.upstream_status),
  };
}

/** Made of the record's own id: the same however often it is sent. */
async function spanIdOf(id: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(id));
  return new Uint8Array(digest).toHex().slice(0, 16);
}
