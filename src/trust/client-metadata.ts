import { type EgressRules, findUrlFlaw } from "../egress/url-policy.ts";
import { ALGORITHMS, type Algorithm, readVerificationKey, type VerificationKey } from "../jwt/json-web-key.ts";
import { AmbiguousJson, isObject, type Json, type JsonObject, parseStrictObject } from "../jwt/strict-json.ts";
import { LIMITS } from "../limits.ts";
import type { KeySource } from "./key-source.ts";

/** What we take from a Client ID Metadata Document: how its client proves who it is, and nothing else. */
export interface ClientMetadata {
  readonly keySource: KeySource;
  /** The one algorithm that the client says it signs with; null when it does not say. */
  readonly algorithm: Algorithm | null;
}

export type ClientMetadataFlaw =
  | "json"
  | "client_id"
  | "shared_secret"
  | "authentication_method"
  | "private_key"
  | "keys"
  | "jwks_uri";

interface Expected {
  readonly clientId: string;
  readonly rules: EgressRules;
}

const DOCUMENT_BOUNDS = { depth: 8, members: 512, foldCaseDepth: 0 };
const SECRET_MEMBERS = ["client_secret", "client_secret_expires_at"] as const;

/**
 * Reads somebody else's document: members that mean nothing here are theirs to have, those that do are held to the
 * rules (draft §4, §4.1, §8.2). It must name the very URL that it was fetched from, and offer a key of its own.
 */
export function readClientMetadata(text: string, expected: Expected): ClientMetadata | ClientMetadataFlaw {
  const document = readJson(text);
  if (document === null) return "json";
  if (document["client_id"] !== expected.clientId) return "client_id";
  if (SECRET_MEMBERS.some((member) => Object.hasOwn(document, member))) return "shared_secret";
  const algorithm = readAlgorithm(document);
  // "none" included: this grant is for confidential clients (ID-JAG §9.1).
  if (document["token_endpoint_auth_method"] !== "private_key_jwt" || algorithm === undefined) {
    return "authentication_method";
  }
  const keySource = readKeySource(document, expected);
  return typeof keySource === "string" ? keySource : { keySource, algorithm };
}

/** Whether a key id is one that this document cannot have named yet; of keys at another address, it cannot tell. */
export function lacksKey({ keySource }: ClientMetadata, keyId: string | null): boolean {
  return keyId !== null && keySource.kind === "inline" && !keySource.keys.some(({ kid }) => kid === keyId);
}

function readJson(text: string): JsonObject | null {
  try {
    return parseStrictObject(text, DOCUMENT_BOUNDS);
  } catch (error) {
    if (error instanceof AmbiguousJson) return null;
    throw error;
  }
}

function readAlgorithm(document: JsonObject): Algorithm | null | undefined {
  const stated = document["token_endpoint_auth_signing_alg"];
  return stated === undefined ? null : ALGORITHMS.find((algorithm) => algorithm === stated);
}

/** RFC 7591 §2: one of the two, never both. */
function readKeySource({ jwks, jwks_uri }: JsonObject, expected: Expected): KeySource | ClientMetadataFlaw {
  if ((jwks === undefined) === (jwks_uri === undefined)) return "keys";
  return jwks_uri === undefined ? readInlineKeys(jwks) : readKeyAddress(jwks_uri, expected);
}

function readInlineKeys(jwks: Json | undefined): KeySource | ClientMetadataFlaw {
  const keys = isObject(jwks) ? jwks["keys"] : undefined;
  if (!Array.isArray(keys) || keys.length > LIMITS.keysPerSet) return "keys";
  const read = keys.map((key) => readVerificationKey(key));
  // A private or symmetric key that is published is anybody's (draft §4.1): the document as a whole is worth nothing.
  if (read.includes("private_material")) return "private_key";
  const usable = read.filter((key): key is VerificationKey => typeof key !== "string");
  return usable.length > 0 ? { kind: "inline", keys: usable } : "keys";
}

/** At the document's own origin: an administrator has allowed that one, and no other that its author may name. */
function readKeyAddress(address: Json | undefined, { clientId, rules }: Expected): KeySource | ClientMetadataFlaw {
  if (typeof address !== "string" || findUrlFlaw(address, rules) !== null) return "jwks_uri";
  if (new URL(address).origin !== new URL(clientId).origin) return "jwks_uri";
  return { kind: "remote", jwksUri: address };
}
