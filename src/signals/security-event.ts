import * as z from "zod";
import { MalformedJws, parseCompactJws, type UnverifiedJws } from "../jwt/compact-jws.ts";
import type { Algorithm } from "../jwt/json-web-key.ts";
import { isSignedBy, type KeyChoice } from "../jwt/verify.ts";
import { LIMITS } from "../limits.ts";
import { fenceName } from "../revocation/fence-names.ts";
import type { TrustedIdp } from "../trust/trusted-idp.ts";
import { SignalRejected } from "./rejection.ts";

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

export interface SecurityEventDirectory {
  /** Our issuer identifier, which a stream's `aud` must hold. */
  readonly issuer: string;
  readonly findIdp: (issuer: string) => Promise<{ readonly document: TrustedIdp } | null>;
  readonly findKey: (idp: TrustedIdp, wanted: { kid: string | null; alg: Algorithm }) => Promise<KeyChoice>;
  /** Whether an operator has blocked what any of these fences names. @throws Outage */
  readonly isRevoked: (names: readonly string[]) => Promise<boolean>;
}

/** In the order in which each may be told: nothing of the event is believed before the signature. @throws SignalRejected */
export async function verifySecurityEvent(
  token: string,
  nowMilliseconds: number,
  directory: SecurityEventDirectory,
): Promise<SecurityEvent> {
  const jws = parse(token);
  const parsed = claimsSchema.safeParse(jws.unverified);
  if (!parsed.success) throw new SignalRejected("invalid_request");
  const idp = await findTransmitter(parsed.data.iss, directory);
  const keyId = await requireSignature(jws, idp, directory);
  // Or it could undo, while it is blocked, what it had said before, and what it says now would outlive the block.
  if (await directory.isRevoked([fenceName("issuer", idp.issuer)])) throw new SignalRejected("access_denied");
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

async function findTransmitter(issuer: string, { findIdp }: SecurityEventDirectory): Promise<TrustedIdp> {
  const found = await findIdp(issuer);
  if (found === null || found.document.signals === undefined) throw new SignalRejected("invalid_issuer");
  if (!found.document.enabled) throw new SignalRejected("access_denied");
  return found.document;
}

async function requireSignature(
  jws: UnverifiedJws,
  idp: TrustedIdp,
  { findKey, isRevoked }: SecurityEventDirectory,
): Promise<string | null> {
  const alg = idp.algorithms.find((allowed) => allowed === jws.header.alg);
  if (alg === undefined) throw new SignalRejected("invalid_key");
  const key = await findKey(idp, { kid: jws.header.kid, alg });
  if (typeof key === "string") throw new SignalRejected("invalid_key");
  if (!(await isSignedBy(jws, key, alg))) throw new SignalRejected("authentication_failed");
  const { kid } = key;
  if (kid !== null && (await isRevoked([fenceName("assertion_key", idp.issuer, kid)]))) {
    throw new SignalRejected("invalid_key");
  }
  return kid;
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
