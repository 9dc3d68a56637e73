import { createHmac, randomBytes } from "node:crypto";

const SECRET_BYTES = 32;

/** 256 random bits: long enough that a fast keyed hash protects it (RFC 6749 §10.10 asks for 128). */
export function createRandomSecret(): string {
  return randomBytes(SECRET_BYTES).toString("base64url");
}

/** @returns what belongs into `authentication.secret_digests` of the client's document. */
export function digestClientSecret(secret: string, pepper: string): string {
  return `hmac-sha256:${createHmac("sha256", pepper).update(secret, "utf8").digest("hex")}`;
}
