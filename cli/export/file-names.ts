import { createHash } from "node:crypto";
import { parseDocumentKey } from "../backend/document-keys.ts";

const LONGEST = 80;

/** A file name from a document's own name: what a person would have called it, whatever characters the name has. */
export function fileNameFor(key: string): string {
  return `${stemOf(key)}.json`;
}

/** For a key whose first choice of a name is taken: the same name for the same key, whatever else there is. */
export function distinctFileNameFor(key: string): string {
  const digest = createHash("sha256").update(key, "utf8").digest("hex").slice(0, 8);
  return `${stemOf(key)}-${digest}.json`;
}

function stemOf(key: string): string {
  const name = parseDocumentKey(key)?.name ?? key;
  const words = URL.canParse(name) ? name.replace(/^[a-z]+:\/\//, "") : name;
  const stem = words
    .replaceAll(/[^A-Za-z0-9._-]+/g, "-")
    .replaceAll(/^[-.]+|[-.]+$/g, "")
    .slice(0, LONGEST);
  return stem === "" ? "document" : stem;
}
