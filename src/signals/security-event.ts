import * as z from "zod";
import { MalformedJws, parseCompactJws, type UnverifiedJws } from "../jwt/compact-jws.ts";
import { LIMITS } from "../limits.ts";
import type { TrustedIdp } from "../trust/trusted-idp.ts";
import { SignalRejected } from "./rejection.ts";
import { findTransmitter, requireSignature, type TransmitterDirectory } from "./transmitter.ts";

const SECURITY_EVENT_TYPE = "secevent+jwt";
const numericDate = z.number().min(0).max(8_640_000_000_000);

/** RFC 8417, SSF 1.0 §4: members we do not know are ignored, and `sub` and `exp` must not be there. */
const claimsSchema = z.object({
  iss: z.string().max(LIMITS.urlBytes),
  aud: z.union([z.string(), z.array(z.string()).max(16)]),
  jti: z.string().min(1).max(LIMITS.jtiBytes),
  iat: numericDate,
  toe: numericDate.optional(),
  sub: z.never().optional(),
  exp: z.never().optional(),
  sub_id: z.unknown().optional(),
  events: z.record(z.string().max(LIMITS.urlBytes), z.record(z.string(), z.unknown())),
});

/** What one identity provider has said of one of its users, after its signature. */
export interface SecurityEvent {
  readonly idp: TrustedIdp;
  readonly keyId: string | null;
  readonly id: string;
  /** The event's URI. */
  readonly type: string;
  readonly subjectId: unknown;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly atMilliseconds: number;
}

/** In the order in which each may be told: nothing of the event is believed before the signature. @throws SignalRejected */
export async function verifySecurityEvent(
  token: string,
  nowMilliseconds: number,
  directory: TransmitterDirectory,
): Promise<SecurityEvent> {
  const jws = parse(token);
  const parsed = claimsSchema.safeParse(jws.unverified);
  if (!parsed.success) throw new SignalRejected("invalid_request");
  const idp = await findTransmitter(parsed.data.iss, () => true, directory);
  const keyId = await requireSignature(jws, idp, directory);
  const { aud, iat, toe, jti, events, sub_id: subjectId } = parsed.data;
  if (![aud].flat().includes(directory.issuer)) throw new SignalRejected("invalid_audience");
  const [[type, payload] = [], ...others] = Object.entries(events);
  if (type === undefined || payload === undefined || others.length > 0) throw new SignalRejected("invalid_request");
  const atMilliseconds = eventTime(payload["event_timestamp"], toe ?? iat);
  // An event of the far future would be the latest word for good.
  if (Math.max(atMilliseconds, iat * 1000) > nowMilliseconds + LIMITS.clockToleranceMaximumSeconds * 1000) {
    throw new SignalRejected("invalid_request");
  }
  return { idp, keyId, id: jti, type, subjectId, payload, atMilliseconds };
}

/** CAEP §2: seconds; some transmitters still send milliseconds, as its drafts said. */
function eventTime(timestamp: unknown, otherwiseSeconds: number): number {
  if (timestamp === undefined) return otherwiseSeconds * 1000;
  if (typeof timestamp !== "number" || !Number.isFinite(timestamp) || timestamp < 0) {
    throw new SignalRejected("invalid_request");
  }
  return timestamp > 100_000_000_000 ? timestamp : timestamp * 1000;
}

function parse(token: string): UnverifiedJws {
  try {
    const jws = parseCompactJws(token, "forbidden");
    if (jws.header.typ === SECURITY_EVENT_TYPE) return jws;
  } catch (error) {
    if (!(error instanceof MalformedJws)) throw error;
  }
  throw new SignalRejected("invalid_request");
}
