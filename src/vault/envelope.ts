import type { VaultKeys } from "./vault-keys.ts";

/**
 * What an encrypted record is of. All of it is authenticated with the record, so that a row that is moved to another
 * owner, server, name or moment is no record at all (threats I20, I21).
 */
export interface RecordIdentity {
  /** The empty text for what belongs to the deployment. */
  readonly organization: string;
  readonly owner: string;
  readonly kind: string;
  readonly id: string;
  /** The upstream it is for, or the list of them, in one spelling. */
  readonly upstream: string;
  /** Counts up and is kept apart from the envelope: one of an earlier time does not fit. */
  readonly version: number;
}

/** A row as it is stored. */
export interface Envelope {
  readonly kid: string;
  readonly wrappedKey: ArrayBuffer;
  readonly iv: ArrayBuffer;
  readonly ciphertext: ArrayBuffer;
}

const ALGORITHM = "AES-GCM";
const IV_BYTES = 12;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Under a data key of its own each time, so that no nonce can ever be used twice under one key. */
export async function seal(text: string, identity: RecordIdentity, keys: VaultKeys): Promise<Envelope> {
  const dataKey = (await crypto.subtle.generateKey({ name: ALGORITHM, length: 256 }, true, ["encrypt"])) as CryptoKey;
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const parameters = { name: ALGORITHM, iv, additionalData: spell(identity) };
  const ciphertext = await crypto.subtle.encrypt(parameters, dataKey, encoder.encode(text));
  return { kid: keys.currentId, wrappedKey: await keys.wrap(keys.currentId, dataKey), iv: iv.buffer, ciphertext };
}

/**
 * @returns null when this is not the record of that identity, whatever else it is
 * @throws VaultKeysInvalid when its key-encryption key is not at hand
 */
export async function open(envelope: Envelope, identity: RecordIdentity, keys: VaultKeys): Promise<string | null> {
  const dataKey = await keys.unwrap(envelope.kid, envelope.wrappedKey, { extractable: false });
  if (dataKey === null) return null;
  const parameters = { name: ALGORITHM, iv: envelope.iv, additionalData: spell(identity) };
  const plain = await crypto.subtle.decrypt(parameters, dataKey, envelope.ciphertext).catch(() => null);
  return plain === null ? null : decoder.decode(plain);
}

/**
 * The same data key under the current key-encryption key; nothing is decrypted for it.
 * @returns null when the envelope is damaged
 */
export async function rewrap(envelope: Envelope, keys: VaultKeys): Promise<Envelope | null> {
  const dataKey = await keys.unwrap(envelope.kid, envelope.wrappedKey, { extractable: true });
  if (dataKey === null) return null;
  return { ...envelope, kid: keys.currentId, wrappedKey: await keys.wrap(keys.currentId, dataKey) };
}

/** A list of texts and a number has one spelling in JSON, and no two lists share one. */
function spell({ organization, owner, kind, id, upstream, version }: RecordIdentity): Uint8Array {
  return encoder.encode(JSON.stringify(["crossgate-vault/v1", organization, owner, kind, id, upstream, version]));
}
