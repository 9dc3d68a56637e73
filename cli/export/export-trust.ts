import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { EgressRules } from "../../src/egress/url-policy.ts";
import { parseDocumentKey } from "../backend/document-keys.ts";
import type { StoredDocument } from "../backend/trust-backend.ts";
import { CommandError } from "../command-error.ts";
import { listTrustFiles, naturalKey } from "../trust-documents.ts";
import { type BrokenDocument, readTrustSet } from "../trust-set.ts";
import { distinctFileNameFor, fileNameFor } from "./file-names.ts";
import { formatDocument } from "./format-document.ts";

export interface ExportedFile {
  readonly key: string;
  readonly path: string;
  readonly change: "written" | "unchanged";
}

export interface ExportResult {
  readonly files: readonly ExportedFile[];
  /** Written as they are, since they are what is in KV; `crossgate check` will name them too. */
  readonly broken: readonly BrokenDocument[];
  /** Files of documents that are not in KV, left alone. */
  readonly others: readonly string[];
}

/** Writes each document into the file that states it already, or else into a new one named after it. */
export async function exportTrust(
  directory: string,
  documents: readonly StoredDocument[],
  rules: EgressRules,
): Promise<ExportResult> {
  const present = await readStatedKeys(directory);
  const paths = choosePaths(directory, documents, present);
  const { broken } = readTrustSet(documents, rules);
  const brokenKeys = new Set(broken.map(({ key }) => key));
  const files = await Promise.all(
    documents.map(async ({ key, value }) => {
      const path = paths.get(key) ?? join(directory, fileNameFor(key));
      const text = brokenKeys.has(key) ? value : formatted(key, value);
      return { key, path, change: await writeIfDifferent(path, text) };
    }),
  );
  const written = new Set(files.map(({ path }) => path));
  return { files, broken, others: [...present.keys()].filter((path) => !written.has(path)) };
}

function formatted(key: string, value: string): string {
  const found = parseDocumentKey(key);
  return found === null ? value : formatDocument(found.kind, JSON.parse(value));
}

/** @returns the key that each file states; null for one that states none. */
async function readStatedKeys(directory: string): Promise<ReadonlyMap<string, string | null>> {
  const files = await listTrustFiles(directory).catch((error: unknown) => {
    // No directory, or none with documents in it, is where exporting begins.
    if (error instanceof CommandError) return [];
    throw error;
  });
  const stated = await Promise.all(
    files.map(async ({ kind, path }): Promise<[string, string | null]> => {
      const text = await readFile(path, "utf8").catch(() => "");
      return [path, statedKey(kind, text)];
    }),
  );
  return new Map(stated);
}

function statedKey(kind: Parameters<typeof naturalKey>[1], text: string): string | null {
  try {
    return `${kind}:${naturalKey(JSON.parse(text), kind)}`;
  } catch {
    return null;
  }
}

/**
 * Never a file that states something else. Names are compared as systems do that ignore case; which of two documents
 * gets a name that both would have does not hang on the order in which they come.
 */
function choosePaths(
  directory: string,
  documents: readonly StoredDocument[],
  present: ReadonlyMap<string, string | null>,
): ReadonlyMap<string, string> {
  const own = new Map([...present].flatMap(([path, key]) => (key === null ? [] : [[key, path] as const])));
  const taken = new Set([...present.keys()].map((path) => path.toLowerCase()));
  const chosen = new Map<string, string>();
  for (const key of documents.map((document) => document.key).toSorted()) {
    const kind = parseDocumentKey(key)?.kind ?? "";
    const plain = join(directory, kind, fileNameFor(key));
    const free = taken.has(plain.toLowerCase()) ? join(directory, kind, distinctFileNameFor(key)) : plain;
    const path = own.get(key) ?? free;
    taken.add(path.toLowerCase());
    chosen.set(key, path);
  }
  return chosen;
}

async function writeIfDifferent(path: string, text: string): Promise<ExportedFile["change"]> {
  if ((await readFile(path, "utf8").catch(() => null)) === text) return "unchanged";
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  return "written";
}
