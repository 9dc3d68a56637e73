import * as z from "zod";
import { type AuditEvent, makeAuditEvent, type RequestTrace } from "../audit/audit-event.ts";
import { Outage } from "../audit/reason.ts";
import { readBody } from "../egress/bounded-fetch.ts";
import { respondEmpty } from "../http/respond.ts";
import { CORRELATION_HEADER, traceRequest } from "../http/trace.ts";
import { digestParts } from "../jwt/digest.ts";
import { AmbiguousJson, decodeUtf8, parseStrictObject } from "../jwt/strict-json.ts";
import { LIMITS } from "../limits.ts";
import type { Fence } from "../revocation/fence.ts";
import { signInAgain } from "../revocation/fence.ts";
import type { RevocationStatus } from "../revocation/status.ts";
import { type RevocationCaller, verifyRevocationCaller } from "./revocation-caller.ts";
import { type SignalError, SignalRejected } from "./rejection.ts";
import { namedBy, resolveUser, type SignalSubject, type SubjectDirectory, type Unresolved } from "./subject.ts";
import type { TransmitterDirectory } from "./transmitter.ts";

export interface GlobalRevocationDependencies extends TransmitterDirectory, SubjectDirectory {
  readonly isNetworkWithinRate: (request: Request) => Promise<boolean>;
  /** Each identifier of an issuer for the one request that it was first sent with, and for no other. @throws Outage */
  readonly consume: (caller: RevocationCaller, request: string) => Promise<"consumed" | "replayed">;
  /** Durable when it returns, and counted as this issuer's. @throws Outage */
  readonly join: (fences: readonly Fence[], issuer: string) => Promise<RevocationStatus>;
  /** Tokens that are good now and rest on this, for the record; null where that is not known at once. */
  readonly countCutOff: (named: Readonly<Record<string, string>>) => Promise<number | null>;
  /** @throws Outage */
  readonly record: (event: AuditEvent) => Promise<void>;
  readonly reportFault: (correlationId: string, cause: unknown) => void;
}

const bodySchema = z.strictObject({ sub_id: z.unknown() });

/** The draft's answers (§3.2) have a status and nothing else. */
const STATUS_OF: Record<SignalError, 400 | 401 | 403> = {
  invalid_request: 400,
  invalid_key: 401,
  invalid_issuer: 401,
  invalid_audience: 401,
  authentication_failed: 401,
  access_denied: 403,
};

const STATUS_OF_UNRESOLVED: Record<Unresolved, 403 | 404 | 422> = {
  not_authoritative: 403,
  unknown: 404,
  not_resolvable: 422,
};

/**
 * Global Token Revocation (draft-parecki-oauth-global-token-revocation): a provider ends all that one of its users has
 * here, and the user signs in anew. There are no refresh tokens; what it ends are access tokens, streams, assertions and
 * connected accounts of sign-ins until it asked.
 */
export async function handleGlobalRevocation(request: Request, uses: GlobalRevocationDependencies): Promise<Response> {
  const trace = traceRequest(request);
  const headers = { [CORRELATION_HEADER]: trace.correlationId } as const;
  try {
    const { status, seconds } = await answer(request, trace, uses);
    return respondEmpty(status, { ...headers, ...ADDED[status], ...(seconds === null ? {} : retryAfter(seconds)) });
  } catch (error) {
    if (error instanceof SignalRejected) {
      const status = STATUS_OF[error.error];
      return respondEmpty(status, { ...headers, ...ADDED[status] });
    }
    uses.reportFault(trace.correlationId, error);
    if (error instanceof Outage) return respondEmpty(503, { ...headers, ...retryAfter(LIMITS.retryAfterSeconds) });
    return respondEmpty(500, headers);
  }
}

const ADDED: Readonly<Record<number, Readonly<Record<Lowercase<string>, string>>>> = {
  401: { "www-authenticate": 'Bearer realm="global-token-revocation"' },
  405: { allow: "POST" },
};

function retryAfter(seconds: number): Readonly<Record<"retry-after", string>> {
  return { "retry-after": String(seconds) };
}

interface Answer {
  readonly status: number;
  readonly seconds: number | null;
}

/**
 * Who it is comes before what is asked, and the identifier is spent only when something is done by it. The body is not
 * signed, so the identifier is spent on this body: whoever has seen the request cannot name another user with it. The same
 * request may come again, or one that an outage interrupted would never take effect; it says nothing newer than before.
 */
async function answer(request: Request, trace: RequestTrace, uses: GlobalRevocationDependencies): Promise<Answer> {
  if (request.method !== "POST") return { status: 405, seconds: null };
  if (!(await uses.isNetworkWithinRate(request))) return { status: 429, seconds: LIMITS.rateLimitRetryAfterSeconds };
  const [, token] = /^bearer +([A-Za-z0-9_.-]+)$/i.exec(request.headers.get("authorization") ?? "") ?? [];
  if (token === undefined) throw new SignalRejected("authentication_failed");
  const caller = await verifyRevocationCaller(token, trace.receivedAtMilliseconds, uses);
  const subjectId = await readSubjectId(request);
  const subject = await resolveUser(subjectId, caller.idp, uses);
  const isOnce = await uses.consume(caller, JSON.stringify(subjectId));
  if (isOnce === "replayed") throw new SignalRejected("authentication_failed");
  const status =
    typeof subject === "object"
      ? await uses.join([signInAgain(subject.fence, caller.issuedAtMilliseconds)], caller.idp.issuer)
      : null;
  const count = typeof subject === "string" ? null : await uses.countCutOff(namedBy(subject, caller.idp.issuer));
  await uses.record({ ...(await describe(subject, caller, trace)), count });
  // 204 says that it is done (§4.3): whoever is told otherwise sends the same request again.
  if (status?.isEffective === false) return { status: 503, seconds: LIMITS.retryAfterSeconds };
  return { status: typeof subject === "object" ? 204 : STATUS_OF_UNRESOLVED[subject], seconds: null };
}

async function readSubjectId(request: Request): Promise<unknown> {
  const [mediaType = ""] = (request.headers.get("content-type") ?? "").toLowerCase().split(";");
  if (mediaType.trim() !== "application/json") throw new SignalRejected("invalid_request");
  const body = await readBody(request, LIMITS.jwtBytes, LIMITS.requestBodyMilliseconds).catch(() => null);
  if (body === null) throw new SignalRejected("invalid_request");
  const parsed = bodySchema.safeParse(parseObject(body));
  if (!parsed.success) throw new SignalRejected("invalid_request");
  return parsed.data.sub_id;
}

function parseObject(body: Uint8Array): unknown {
  try {
    return parseStrictObject(decodeUtf8(body));
  } catch (error) {
    if (error instanceof AmbiguousJson) return null;
    throw error;
  }
}

const OPERATION = "global-token-revocation";

/** One record, however often the request comes. */
async function describe(
  subject: SignalSubject | Unresolved,
  { idp, keyId, jti }: RevocationCaller,
  trace: RequestTrace,
): Promise<AuditEvent> {
  const found = typeof subject === "string" ? null : subject;
  return makeAuditEvent(await digestParts([OPERATION, idp.issuer, jti]), trace, {
    type: "revocation",
    action: "revoked",
    decision: found === null ? "failed" : "done",
    reason: found === null ? "signal_subject_unresolved" : OPERATION,
    operation: OPERATION,
    issuer: idp.issuer,
    subject: found?.sub ?? null,
    account: found?.account ?? null,
    key_id: keyId,
  });
}
