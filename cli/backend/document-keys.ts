import { DOCUMENT_KINDS } from "../trust-documents.ts";
import type { DocumentKind } from "../../src/trust/documents.ts";

export interface DocumentKey {
  readonly kind: DocumentKind;
  readonly name: string;
}

/** @returns null for what is no trust document: a namespace may hold other people's keys. */
export function parseDocumentKey(key: string): DocumentKey | null {
  const kind = DOCUMENT_KINDS.find((candidate) => key.startsWith(`${candidate}:`));
  return kind === undefined ? null : { kind, name: key.slice(kind.length + 1) };
}

/** By kind as everywhere, then by name, independent of what answered. */
export function compareDocumentKeys(a: string, b: string): number {
  const [left, right] = [rankOf(a), rankOf(b)];
  if (left !== right) return left - right;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function rankOf(key: string): number {
  return DOCUMENT_KINDS.findIndex((kind) => key.startsWith(`${kind}:`));
}
