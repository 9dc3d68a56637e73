import { isDeepStrictEqual } from "node:util";
import { compareDocumentKeys } from "../backend/document-keys.ts";
import type { StoredDocument } from "../backend/trust-backend.ts";
import type { TrustDocument } from "../trust-documents.ts";
import { describeMemberChanges } from "./member-changes.ts";

export interface DocumentChange {
  readonly change: "added" | "changed" | "removed";
  readonly key: string;
  /** The file that states it; null when it is removed. */
  readonly path: string | null;
  /** What changed inside it, in words. */
  readonly members: readonly string[];
}

export interface DocumentChanges {
  readonly changes: readonly DocumentChange[];
  /** In force, stated by no file, and left alone. */
  readonly kept: readonly string[];
  /** What is in force when the changes have been applied. */
  readonly after: readonly StoredDocument[];
}

/** By meaning: a document that is only written differently has not changed, and is not written again. */
export function findDocumentChanges(
  inForce: readonly StoredDocument[],
  stated: readonly TrustDocument[],
  { prunes }: { readonly prunes: boolean },
): DocumentChanges {
  const before = new Map(inForce.map(({ key, value }) => [key, value]));
  const files = new Set(stated.map(({ key }) => key));
  const written = stated.flatMap((document) => changeOf(document, before.get(document.key)));
  const unstated = inForce.filter(({ key }) => !files.has(key));
  const removed: readonly DocumentChange[] = prunes
    ? unstated.map(({ key }) => ({ change: "removed", key, path: null, members: [] }))
    : [];
  const changes = [...written, ...removed].toSorted((a, b) => compareDocumentKeys(a.key, b.key));
  return {
    changes,
    kept: prunes ? [] : unstated.map(({ key }) => key),
    after: [...(prunes ? [] : unstated), ...stated.map(({ key, value }) => ({ key, value }))],
  };
}

function changeOf({ key, path, value }: TrustDocument, before: string | undefined): readonly DocumentChange[] {
  if (before === undefined) return [{ change: "added", key, path, members: [] }];
  const [was, is] = [parseOrNull(before), parseOrNull(value)];
  if (was !== null && isDeepStrictEqual(was, is)) return [];
  return [{ change: "changed", key, path, members: was === null ? ["was not JSON"] : describeMemberChanges(was, is) }];
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
