import { CompactSign, compactVerify, importJWK, type JWK } from "jose";
import * as z from "zod";
import { decodeBase64url } from "../jwt/base64url.ts";

const hash = z.string().regex(/^[0-9a-f]{64}$/);

const headSchema = z.strictObject({ chain: z.string().max(192), sequence: z.int().min(1), hash });

const checkpointSchema = z.strictObject({
  version: z.literal(1),
  issuer: z.string().max(2048),
  number: z.int().min(1),
  time: z.iso.datetime(),
  /** SHA-256 of the checkpoint before, as it is written; null for the first. */
  previous: hash.nullable(),
  /** For each chain: through here, and by this hash, the archive had everything. */
  heads: z.array(headSchema).max(100_000),
});

export type ChainHead = z.output<typeof headSchema>;
export type Checkpoint = z.output<typeof checkpointSchema>;

export interface CheckpointSigner {
  readonly kid: string;
  readonly key: CryptoKey;
}

/** No other verifier of ours takes a JWS of this type, and this one takes no other. */
const TYPE = "crossgate-audit-checkpoint";

/** @returns a compact JWS (RFC 7515), ES256. */
export function signCheckpoint(checkpoint: Checkpoint, { kid, key }: CheckpointSigner): Promise<string> {
  const payload = new TextEncoder().encode(JSON.stringify(checkpoint));
  return new CompactSign(payload).setProtectedHeader({ alg: "ES256", typ: TYPE, kid }).sign(key);
}

/** @returns null for what none of these keys has signed as a checkpoint. */
export async function verifyCheckpoint(jws: string, keys: readonly JWK[]): Promise<Checkpoint | null> {
  // One spelling only, or an edit of the last bits of a signature would pass.
  const parts = jws.split(".");
  if (parts.length !== 3 || parts.some((part) => decodeBase64url(part) === null)) return null;
  for (const jwk of keys) {
    // oxlint-disable-next-line no-await-in-loop -- one or two keys
    const checkpoint = await verifyBy(jwk, jws);
    if (checkpoint !== null) return checkpoint;
  }
  return null;
}

/** A year has 8,760 checkpoints, and they are verified by one key or two. */
const imports = new WeakMap<JWK, Awaited<ReturnType<typeof importJWK>>>();

async function importPublic(jwk: JWK): Promise<Awaited<ReturnType<typeof importJWK>>> {
  const { d: _d, ...publicJwk } = jwk;
  const key = imports.get(jwk) ?? (await importJWK(publicJwk, "ES256"));
  imports.set(jwk, key);
  return key;
}

async function verifyBy(jwk: JWK, jws: string): Promise<Checkpoint | null> {
  try {
    const key = await importPublic(jwk);
    const { payload, protectedHeader } = await compactVerify(jws, key, { algorithms: ["ES256"] });
    if (protectedHeader.typ !== TYPE || protectedHeader.kid !== jwk.kid) return null;
    return parseCheckpoint(payload);
  } catch {
    // JOSEError, or a key of another kind: not signed by it.
    return null;
  }
}

/** What a checkpoint says, unverified: for whoever wrote it. */
export function readCheckpoint(jws: string): Checkpoint | null {
  const payload = decodeBase64url(jws.split(".")[1] ?? "");
  return payload === null ? null : parseCheckpoint(payload);
}

function parseCheckpoint(payload: Uint8Array): Checkpoint | null {
  try {
    return checkpointSchema.safeParse(JSON.parse(new TextDecoder().decode(payload))).data ?? null;
  } catch {
    return null;
  }
}

export async function hashCheckpoint(jws: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(jws))).toHex();
}
