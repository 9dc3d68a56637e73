import type { RequestTrace } from "../audit/audit-event.ts";

export const CORRELATION_HEADER = "crossgate-correlation-id";

/** W3C Trace Context §3.2: lower case, neither all zeros; a later version may say more after a dash. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?$/;

function randomTraceId(): string {
  return crypto.randomUUID().replaceAll("-", "");
}

/** The correlation id is ours and random: one that a caller may choose would let him write into other people's trails. */
export function traceRequest(request: Request): RequestTrace {
  const [, traceId = randomTraceId()] = TRACEPARENT.exec(request.headers.get("traceparent") ?? "") ?? [];
  const ray = request.headers.get("cf-ray");
  const colo = (request.cf as { colo?: unknown } | undefined)?.colo;
  return {
    correlationId: crypto.randomUUID(),
    traceId,
    receivedAtMilliseconds: Date.now(),
    ray: ray !== null && /^[0-9a-f]{8,32}(?:-[A-Z]{3})?$/.test(ray) ? ray : null,
    colo: typeof colo === "string" && /^[A-Z]{3}$/.test(colo) ? colo : null,
  };
}

/** Read where a decision is made, and again after whatever was waited for: what a request began with grows old. */
export function readClockSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
