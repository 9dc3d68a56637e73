import * as z from "zod";
import { LIMITS } from "../limits.ts";

/** Who we are at an authorization server; the secret by its name in the vault, null for our own signing key. */
export const registrationSchema = z.strictObject({
  client_id: z.string().min(1).max(LIMITS.urlBytes),
  method: z.enum(["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]),
  secret: z.string().max(LIMITS.secretNameCharacters).nullable(),
});
export type Registration = z.output<typeof registrationSchema>;

const token = z.string().min(1).max(LIMITS.jwtBytes);

/**
 * What an authorization server gave us for one person. `spending`: the refresh token is on its way, or was when this
 * object last stopped; servers that replace it with each use end everything when they see the old one again, so nobody
 * sends it a second time. `lost`: there is nothing left to use.
 */
export const keptGrantSchema = z.strictObject({
  authorization_server: z.string().max(LIMITS.urlBytes),
  client: registrationSchema,
  /** Of an identity: whom its ID tokens are about. null for access to an upstream. */
  subject: z.string().max(LIMITS.identifierBytes).nullable(),
  /** The upstream that its access tokens are for; of an identity the empty text. */
  upstream: z.string().max(LIMITS.urlBytes),
  /** RFC 8707, where the server was asked for it. */
  resource: z.string().max(LIMITS.urlBytes).nullable(),
  /** Of access to an upstream: what it was made for, as its document then said. Without that it serves nothing. */
  binding: z.string().max(LIMITS.identifierBytes).nullable().default(null),
  /** What was granted; null where nobody said. */
  scope: z.string().max(LIMITS.issuedTokenCharacters).nullable().default(null),
  /** When the person last agreed. */
  connected_at: z.int().default(0),
  state: z.enum(["ready", "spending", "lost"]),
  refresh_token: token.nullable(),
  /** Whether the server has been seen to replace it; null before the first time. */
  rotates: z.boolean().nullable(),
  /** The access token; of an identity, the ID token. */
  token: token.nullable(),
  token_issued_at: z.int(),
  token_expires_at: z.int(),
  /** When the person signed in for it: what ends that sign-in ends this too. */
  signed_in_at: z.int().min(0).default(0),
});
export type KeptGrant = z.output<typeof keptGrantSchema>;
/** As it comes from /connect; what becomes of it later is the vault's to say. */
export type GrantToKeep = Omit<KeptGrant, "state" | "rotates" | "connected_at">;

/** @returns null for what is no such record */
export function readKeptGrant(text: string): KeptGrant | null {
  try {
    return keptGrantSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/** Nothing of it can be used any more, so nothing of it is kept. */
export function asLost(grant: KeptGrant): KeptGrant {
  return { ...grant, state: "lost", refresh_token: null, token: null, token_expires_at: 0 };
}

export interface TokenLifetime {
  readonly issuedAtMilliseconds: number;
  readonly expiresAtMilliseconds: number;
}

/** Fresh enough to be sent on: it must not expire on the way. */
export function isFresh({ issuedAtMilliseconds, expiresAtMilliseconds }: TokenLifetime, now: number): boolean {
  const skew = Math.min(LIMITS.issuedTokenSkewSeconds * 1000, (expiresAtMilliseconds - issuedAtMilliseconds) / 2);
  return now < expiresAtMilliseconds - skew;
}

/** Whether one that an upstream has refused is worth replacing: another call may have done so just now. */
export function isReplaceable({ issuedAtMilliseconds }: TokenLifetime, now: number): boolean {
  return now - issuedAtMilliseconds >= LIMITS.issuedTokenRefusalSeconds * 1000;
}
