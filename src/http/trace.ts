import type { RequestTrace } from "../audit/audit-event.ts";

export const CORRELATION_HEADER = "crossgate-correlation-id";

/** W3C Trace Context §3.2: lower case, neither all zeros; a later version may say more after a dash. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;
/** §3.3: 32 members at most, and no longer than everybody has to pass on. */
const TRACESTATE_MEMBER =
  /^[a-z0-9][a-z0-9_*/-]{0,255}(?:@[a-z][a-z0-9_*/-]{0,13})?=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;
const TRACESTATE_MEMBERS = 32;
const TRACESTATE_CHARACTERS = 512;
/** Sampled, and random trace id: flags that are not known are not passed on (§3.2.2.5). */
const KNOWN_FLAGS = 0x03;

/** Of a request that reached us, whose trace goes on behind us. */
export interface ReceivedTrace extends RequestTrace {
  readonly traceId: string;
  readonly spanId: string;
  /** Of the caller's `traceparent`; null where he sent none that reads, and the trace begins here. */
  readonly traceFlags: number | null;
}

/** Without what a later version may say more: nobody here knows what that is. */
export function isTraceParent(text: string): boolean {
  return TRACEPARENT.test(text) && text.length === "00-".length + 32 + 1 + 16 + "-01".length;
}

export function isTraceState(text: string): boolean {
  if (text.length > TRACESTATE_CHARACTERS) return false;
  const members = text.split(",");
  return members.length <= TRACESTATE_MEMBERS && members.every((member) => TRACESTATE_MEMBER.test(member.trim()));
}

function randomTraceId(): string {
  return crypto.randomUUID().replaceAll("-", "");
}

/** The correlation id is ours and random: one that a caller may choose would let him write into other people's trails. */
export function traceRequest(request: Request): ReceivedTrace {
  const [, traceId, parentSpanId, flags] = TRACEPARENT.exec(request.headers.get("traceparent") ?? "") ?? [];
  const ray = request.headers.get("cf-ray");
  const colo = (request.cf as { colo?: unknown } | undefined)?.colo;
  return {
    correlationId: crypto.randomUUID(),
    traceId: traceId ?? randomTraceId(),
    spanId: crypto.getRandomValues(new Uint8Array(8)).toHex(),
    parentSpanId: parentSpanId ?? null,
    traceFlags: flags === undefined ? null : Number.parseInt(flags, 16) & KNOWN_FLAGS,
    receivedAtMilliseconds: Date.now(),
    ray: ray !== null && /^[0-9a-f]{8,32}(?:-[A-Z]{3})?$/.test(ray) ? ray : null,
    colo: typeof colo === "string" && /^[A-Z]{3}$/.test(colo) ? colo : null,
  };
}

export type ContinuedTrace = Pick<ReceivedTrace, "traceId" | "spanId" | "traceFlags">;

/**
 * The `traceparent` for whoever is called on: the same trace, with the request's own span as its parent (§4.3). A trace
 * that begins here is not sampled, since nobody has asked for it to be.
 */
export function continueTrace({ traceId, spanId, traceFlags }: ContinuedTrace): string {
  return `00-${traceId}-${spanId}-${(traceFlags ?? 0).toString(16).padStart(2, "0")}`;
}

/** Read where a decision is made, and again after whatever was waited for: what a request began with grows old. */
export function readClockSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
