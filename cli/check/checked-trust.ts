import type { DocumentKind } from "../../src/trust/documents.ts";
import type { Deployment } from "../deployment.ts";
import type { TrustSet } from "../trust-set.ts";

/** The sound documents, and where each comes from. */
export interface CheckedTrust {
  readonly set: TrustSet;
  /** Keys of documents that do not parse, and `idp:` alone for one whose name cannot be read either. */
  readonly broken: ReadonlySet<string>;
  readonly deployment: Deployment;
  /** Names a document to its author: by its file, or by its key where it is not from a file. */
  readonly fileOf: (kind: DocumentKind, name: string) => string;
}

/** What does not parse has a finding of its own; nothing else is said about what it might have meant. */
export function mayBeBroken({ broken }: CheckedTrust, kind: DocumentKind, name: string): boolean {
  return broken.has(`${kind}:${name}`) || broken.has(`${kind}:`);
}

export function isAnyBroken({ broken }: CheckedTrust, kind: DocumentKind): boolean {
  return [...broken].some((key) => key.startsWith(`${kind}:`));
}

/** A list for a sentence: a handful and how many more. */
export function listNames(names: Iterable<string>, most = 4): string {
  const all = [...names];
  const shown = all.slice(0, most).map((name) => `"${name}"`);
  return all.length > most ? `${shown.join(", ")} and ${all.length - most} more` : shown.join(", ");
}
