import { basename } from "node:path";
import type { TrustDocument } from "../trust-documents.ts";
import { parseDocumentKey } from "../backend/document-keys.ts";
import { fileNameFor } from "../export/file-names.ts";
import type { Finding } from "./finding.ts";

/** A file may be called anything; one that is called like another document will be edited in its place one day. */
export function findMisleadingFileNames(documents: readonly TrustDocument[]): readonly Finding[] {
  const byKind = Map.groupBy(documents, ({ key }) => parseDocumentKey(key)?.kind);
  return [...byKind.values()].flatMap((group) => group.flatMap((document) => findMisleading(document, group)));
}

function findMisleading({ key, path }: TrustDocument, group: readonly TrustDocument[]): readonly Finding[] {
  const own = fileNameFor(key);
  const called = basename(path);
  if (called === own) return [];
  const suggested = group.find((other) => other.key !== key && fileNameFor(other.key) === called)?.key;
  const isNearMiss = isOneEditApart(called, own);
  if (suggested === undefined && !isNearMiss) return [];
  return [
    {
      severity: "warning",
      file: path,
      at: "",
      problem: `its name suggests ${suggested ?? `another spelling of ${key}`}, and it describes ${key}`,
      fix: `Rename it to ${own}, or correct the name inside if that is the mistake.`,
    },
  ];
}

/** One character added, left out or exchanged: how a name is mistyped. */
function isOneEditApart(a: string, b: string): boolean {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  if (long.length - short.length > 1) return false;
  let at = 0;
  while (at < short.length && short[at] === long[at]) at += 1;
  const skipped = short.length === long.length ? 1 : 0;
  return short.slice(at + skipped) === long.slice(at + 1);
}
