import type { RequestTrace } from "../audit/audit-event.ts";

export const CORRELATION_HEADER = "crossgate-correlation-id";

/** The correlation id is ours and random: one that a caller may choose would let him write into other people's trails. */
export function traceRequest(request: Request): RequestTrace {
  const ray = request.headers.get("cf-ray");
  const colo = (request.cf as { colo?: unknown } | undefined)?.colo;
  return {
    correlationId: crypto.randomUUID(),
    receivedAtMilliseconds: Date.now(),
    ray: ray !== null && /^[0-9a-f]{8,32}(?:-[A-Z]{3})?$/.test(ray) ? ray : null,
    colo: typeof colo === "string" && /^[A-Z]{3}$/.test(colo) ? colo : null,
  };
}
