import type { DocumentKind } from "../../src/trust/documents.ts";
import type { Deployment } from "../deployment.ts";
import type { TrustSet } from "../trust-set.ts";

/** The sound documents, and where each comes from. */
export interface CheckedTrust {
  readonly set: TrustSet;
  readonly deployment: Deployment;
  /** Names a document to its author: by its file, or by its key where it is not from a file. */
  readonly fileOf: (kind: DocumentKind, name: string) => string;
}

/** A list for a sentence: a handful and how many more. */
export function listNames(names: Iterable<string>, most = 4): string {
  const all = [...names];
  const shown = all.slice(0, most).map((name) => `"${name}"`);
  return all.length > most ? `${shown.join(", ")} and ${all.length - most} more` : shown.join(", ");
}
