import type { RequestTrace } from "../audit/audit-event.ts";
import { Outage } from "../audit/reason.ts";
import { readBody } from "../egress/bounded-fetch.ts";
import { CORRELATION_HEADER, traceRequest } from "../http/trace.ts";
import { respondEmpty, respondJson } from "../http/respond.ts";
import { LIMITS } from "../limits.ts";
import type { TrustedIdp } from "../trust/trusted-idp.ts";
import { act, type SignalEffects } from "./act.ts";
import { describeRejection, SignalRejected } from "./rejection.ts";
import { type SecurityEvent, verifySecurityEvent } from "./security-event.ts";
import type { TransmitterDirectory } from "./transmitter.ts";

export interface SignalDependencies extends TransmitterDirectory, SignalEffects {
  readonly isNetworkWithinRate: (request: Request) => Promise<boolean>;
  /** Whether the Authorization header is the one that the stream was set up with. */
  readonly isAuthorized: (idp: TrustedIdp, authorization: string) => Promise<boolean>;
  readonly reportFault: (correlationId: string, cause: unknown) => void;
}

/** RFC 8935: one security event, pushed by a trusted provider. Answered when its effect and its record are durable. */
export async function handleSignal(request: Request, uses: SignalDependencies): Promise<Response> {
  const trace = traceRequest(request);
  const headers = { [CORRELATION_HEADER]: trace.correlationId } as const;
  try {
    if (request.method !== "POST") return respondJson(405, { err: "invalid_request" }, { ...headers, allow: "POST" });
    if (!(await uses.isNetworkWithinRate(request))) return retryLater(429, LIMITS.rateLimitRetryAfterSeconds, headers);
    await act(await receive(request, trace, uses), trace, uses);
    return respondEmpty(202, headers);
  } catch (error) {
    if (error instanceof SignalRejected) {
      return respondJson(400, describeRejection(error), headers);
    }
    uses.reportFault(trace.correlationId, error);
    if (error instanceof Outage) return retryLater(503, LIMITS.retryAfterSeconds, headers);
    return respondJson(500, { err: "invalid_request" }, headers);
  }
}

type Headers = Readonly<Record<typeof CORRELATION_HEADER, string>>;

function retryLater(status: number, seconds: number, headers: Headers): Response {
  return respondJson(status, {}, { ...headers, "retry-after": String(seconds) });
}

async function receive(request: Request, trace: RequestTrace, uses: SignalDependencies): Promise<SecurityEvent> {
  const [mediaType = ""] = (request.headers.get("content-type") ?? "").toLowerCase().split(";");
  if (mediaType.trim() !== "application/secevent+jwt") throw new SignalRejected("invalid_request");
  const body = await readBody(request, LIMITS.jwtBytes, LIMITS.requestBodyMilliseconds).catch(() => null);
  if (body === null) throw new SignalRejected("invalid_request");
  const event = await verifySecurityEvent(new TextDecoder().decode(body).trim(), trace.receivedAtMilliseconds, uses);
  const authorization = request.headers.get("authorization") ?? "";
  if (!(await uses.isAuthorized(event.idp, authorization))) throw new SignalRejected("authentication_failed");
  return event;
}
