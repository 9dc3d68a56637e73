import type { RequestTrace } from "../audit/audit-event.ts";

export const CORRELATION_HEADER = "crossgate-correlation-id";

/** W3C Trace Context §3.2: lower case, neither all zeros; a later version may say more after a dash. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(?:-.*)?$/;
/** Sampled, and random trace id: flags that are not known are not passed on (§3.2.2.5). */
const KNOWN_FLAGS = 0x03;

/** Of a request that reached us, whose trace goes on behind us. */
export interface ReceivedTrace extends RequestTrace {
  readonly traceId: string;
  /** Of the caller's `traceparent`; null where he sent none that reads, and the trace begins here. */
  readonly traceFlags: number | null;
}

function randomTraceId(): string {
  return crypto.randomUUID().replaceAll("-", "");
}

/** The correlation id is ours and random: one that a caller may choose would let him write into other people's trails. */
export function traceRequest(request: Request): ReceivedTrace {
  const [, traceId, flags] = TRACEPARENT.exec(request.headers.get("traceparent") ?? "") ?? [];
  const ray = request.headers.get("cf-ray");
  const colo = (request.cf as { colo?: unknown } | undefined)?.colo;
  return {
    correlationId: crypto.randomUUID(),
    traceId: traceId ?? randomTraceId(),
    traceFlags: flags === undefined ? null : Number.parseInt(flags, 16) & KNOWN_FLAGS,
    receivedAtMilliseconds: Date.now(),
    ray: ray !== null && /^[0-9a-f]{8,32}(?:-[A-Z]{3})?$/.test(ray) ? ray : null,
    colo: typeof colo === "string" && /^[A-Z]{3}$/.test(colo) ? colo : null,
  };
}

/**
 * The `traceparent` for whoever is called on: the same trace with a parent of its own (§4.3). A trace that begins here is
 * not sampled, since nobody has asked for it to be.
 */
export function continueTrace({ traceId, traceFlags }: Pick<ReceivedTrace, "traceId" | "traceFlags">): string {
  const parentId = crypto.getRandomValues(new Uint8Array(8)).toHex();
  return `00-${traceId}-${parentId}-${(traceFlags ?? 0).toString(16).padStart(2, "0")}`;
}

/** Read where a decision is made, and again after whatever was waited for: what a request began with grows old. */
export function readClockSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
