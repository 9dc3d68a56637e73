import { LIMITS } from "../limits.ts";
import { decodeBase64url } from "./base64url.ts";
import { AmbiguousJson, decodeUtf8, type JsonObject, parseStrictObject } from "./strict-json.ts";

export interface JwsHeader {
  /** Lower-cased, as media types compare; without the optional "application/" (RFC 7515 §4.1.9). */
  readonly typ: string | null;
  readonly alg: string;
  readonly kid: string | null;
  /** The raw member, for the one kind of JWT that carries its key: a DPoP proof. */
  readonly jwk: JsonObject | null;
}

/** A JWT that has been read and not believed: nothing in here is true until a signature says so. */
export interface UnverifiedJws {
  readonly token: string;
  readonly header: JwsHeader;
  readonly unverified: JsonObject;
  readonly signature: Uint8Array<ArrayBuffer>;
}

export type JwsFlaw = "too_large" | "not_compact" | "not_json" | "header_forbidden" | "header_malformed";

/** Why a token could not even be read. Carries no part of the token. */
export class MalformedJws extends Error {
  override readonly name = "MalformedJws";
  readonly flaw: JwsFlaw;
  constructor(flaw: JwsFlaw) {
    super(flaw);
    this.flaw = flaw;
  }
}

/**
 * Members that let a token choose its own key or change how it is read (RFC 8725 §3.10, RFC 7797). Others that some
 * identity providers add, such as x5t, choose nothing here and are ignored.
 */
const FORBIDDEN_MEMBERS = ["jku", "x5u", "x5c", "crit", "b64", "zip", "enc", "cty"] as const;

/**
 * Reads a compact JWS strictly: size, exactly three canonical base64url parts, unambiguous JSON objects, a header that
 * cannot name its own key. `embeddedKey: "required"` is for DPoP proofs, which carry theirs (RFC 9449 §4.2).
 * Does not look at any signature or claim.
 * @throws MalformedJws
 */
export function parseCompactJws(token: string, embeddedKey: "forbidden" | "required"): UnverifiedJws {
  if (token.length > LIMITS.jwtBytes) throw new MalformedJws("too_large");
  const [header, payload, signature, ...rest] = token.split(".");
  if (!header || !payload || !signature || rest.length > 0) throw new MalformedJws("not_compact");
  const signatureBytes = decodeBase64url(signature);
  if (signatureBytes === null) throw new MalformedJws("not_compact");
  const unverified = decodePart(payload);
  return { token, header: readHeader(decodePart(header), embeddedKey), unverified, signature: signatureBytes };
}

function decodePart(part: string): JsonObject {
  const bytes = decodeBase64url(part);
  if (bytes === null) throw new MalformedJws("not_compact");
  try {
    return parseStrictObject(decodeUtf8(bytes));
  } catch (error) {
    if (error instanceof AmbiguousJson) throw new MalformedJws("not_json");
    throw error;
  }
}

function readHeader(header: JsonObject, embeddedKey: "forbidden" | "required"): JwsHeader {
  if (FORBIDDEN_MEMBERS.some((member) => member in header)) throw new MalformedJws("header_forbidden");
  const { typ, alg, kid, jwk } = header;
  if ((jwk !== undefined) !== (embeddedKey === "required")) throw new MalformedJws("header_forbidden");
  if (!isShortString(alg) || !isOptional(typ) || !isOptional(kid)) throw new MalformedJws("header_malformed");
  if (jwk !== undefined && (typeof jwk !== "object" || jwk === null || Array.isArray(jwk))) {
    throw new MalformedJws("header_malformed");
  }
  return { typ: normalizeType(typ), alg, kid: kid ?? null, jwk: (jwk as JsonObject | undefined) ?? null };
}

function isShortString(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= LIMITS.keyIdBytes;
}

function isOptional(value: unknown): value is string | undefined {
  return value === undefined || isShortString(value);
}

/** ASCII only before folding: "ı" and "K" (Kelvin) fold into ASCII letters elsewhere. */
function normalizeType(typ: string | undefined): string | null {
  if (typ === undefined || !/^[\x21-\x7e]+$/.test(typ)) return typ === undefined ? null : "";
  return typ.toLowerCase().replace(/^application\/(?=[^/]+$)/, "");
}
