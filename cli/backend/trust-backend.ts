import type { HealthFinding } from "../../src/admin/health-finding.ts";
import type { FindAuthor } from "../change-author.ts";
import type { AuditReader } from "./audit-reader.ts";

/** One document as KV has it, sound or not. */
export interface StoredDocument {
  readonly key: string;
  readonly value: string;
}

export interface TrustWrites {
  readonly put: readonly StoredDocument[];
  readonly remove: readonly string[];
}

export interface SignalStream {
  readonly issuer: string;
  readonly verified_at: string | null;
  readonly verification_state: string | null;
  readonly status: string | null;
  readonly status_reason: string | null;
  readonly polled_at: string | null;
  readonly poll_failure: string | null;
}

export type Row = Readonly<Record<string, unknown>>;

/**
 * Where trust and policy are in force, with the audit index of the same Crossgate. Commands know no more of it than
 * this, so that what answers (a local state, a deployment) is the user's choice and not theirs.
 */
export interface TrustBackend {
  /** For people, as the object of a sentence. */
  readonly name: string;
  /** Every document of the four kinds, by key; nothing else that somebody keeps in the same namespace. */
  readDocuments(): Promise<readonly StoredDocument[]>;
  /** Where nobody answers who could record it, who writes is left beside what is written. */
  write(writes: TrustWrites, findAuthor: FindAuthor): Promise<void>;
  readonly audit: AuditReader;
  /** What somebody should look at; null where that cannot be asked. */
  readHealth(): Promise<readonly HealthFinding[] | null>;
  /** How providers' security events come; null where only its admin API would know. */
  readSignalStreams(): Promise<readonly SignalStream[] | null>;
  /** Reads the audit index in its own words. @throws AuditIndexMissing, CommandError where nobody takes them */
  query(sql: string): Promise<readonly Row[]>;
  close(): Promise<void>;
}
