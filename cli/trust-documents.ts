import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { EgressRules } from "../src/egress/url-policy.ts";
import { type DocumentKind, DocumentInvalid, nameMember, parseTrustDocument } from "../src/trust/documents.ts";
import { CommandError } from "./command-error.ts";
import { JsonSyntaxError, parseJsonWithPosition } from "./json-position.ts";

/** One file of a trust directory, as it is put into KV. */
export interface TrustDocument {
  readonly key: string;
  readonly value: string;
  readonly path: string;
}

/** Why a file was refused; begins with its path. */
export interface TrustProblem {
  readonly path: string;
  readonly message: string;
}

export interface TrustDirectory {
  readonly documents: readonly TrustDocument[];
  readonly problems: readonly TrustProblem[];
}

/** What directories hold, and apply and --prune touch. Administrators are none of it: no directory appoints or removes one. */
export const DOCUMENT_KINDS: readonly DocumentKind[] = ["idp", "client", "resource", "tools", "policy", "sink"];
const KEY_MAXIMUM_BYTES = 512;

/** Reads the JSON documents in the folder of each kind, such as DIR/idp/*.json; each file is sound or a problem. */
export async function readTrustDirectory(directory: string, rules: EgressRules): Promise<TrustDirectory> {
  const files = await listTrustFiles(directory);
  const outcomes = await Promise.all(files.map((file) => readTrustFile(file, rules)));
  const documents = outcomes.filter((outcome) => "key" in outcome);
  const problems = outcomes.filter((outcome) => "message" in outcome);
  const clashes = findClashes(documents);
  const clashing = new Set(clashes.map(({ path }) => path));
  return {
    documents: documents.filter(({ path }) => !clashing.has(path)),
    problems: [...problems, ...clashes].toSorted((a, b) => (a.path < b.path ? -1 : 1)),
  };
}

/** @throws CommandError listing every problem, when there is any */
export async function requireTrustDocuments(directory: string, rules: EgressRules): Promise<readonly TrustDocument[]> {
  const { documents, problems } = await readTrustDirectory(directory, rules);
  if (problems.length === 0) return documents;
  const check = `npx crossgate check ${directory}${rules.allowsLoopback ? " --local" : ""}`;
  throw new CommandError([...problems.map(({ message }) => message), `How to mend it: ${check}`].join("\n"));
}

export interface TrustFile {
  readonly kind: DocumentKind;
  readonly path: string;
}

/** @throws CommandError when `directory` has none of the folders, or one cannot be read */
export async function listTrustFiles(directory: string): Promise<TrustFile[]> {
  const listings = await Promise.all(DOCUMENT_KINDS.map((kind) => listFolder(directory, kind)));
  const found = listings.filter((listing) => listing !== undefined);
  if (found.length > 0) return found.flat();
  const folders = DOCUMENT_KINDS.map((kind) => `${kind}/`).join(", ");
  throw new CommandError(
    `${directory} is not a trust directory: it needs ${folders} with one JSON document per file. Name another; crossgate dev takes it with --config.`,
  );
}

async function listFolder(directory: string, kind: DocumentKind): Promise<TrustFile[] | undefined> {
  try {
    const names = await readdir(join(directory, kind));
    const documents = names.filter((name) => name.endsWith(".json") && !name.startsWith("."));
    return documents.toSorted().map((name) => ({ kind, path: join(directory, kind, name) }));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new CommandError(
      `Cannot read the folder ${join(directory, kind)}: ${describe(error)}. Give this user access to it.`,
    );
  }
}

async function readTrustFile({ kind, path }: TrustFile, rules: EgressRules): Promise<TrustDocument | TrustProblem> {
  try {
    const value = await readFile(path, "utf8");
    const name = naturalKey(parseJsonWithPosition(value), kind);
    parseTrustDocument(kind, { name, text: value }, rules);
    return { key: `${kind}:${name}`, value, path };
  } catch (error) {
    return { path, message: `${path}: ${describe(error)}` };
  }
}

/** What names this document in KV. @throws NaturalKeyUnusable */
export function naturalKey(document: unknown, kind: DocumentKind): string {
  const member = nameMember(kind);
  const fields = typeof document === "object" && document !== null ? Object.entries(document) : [];
  const [, name] = fields.find(([field]) => field === member) ?? [];
  if (typeof name !== "string" || name === "") {
    throw new NaturalKeyUnusable(`${member}: missing; its text becomes the key in KV, "${kind}:<${member}>"`);
  }
  if (new TextEncoder().encode(`${kind}:${name}`).length > KEY_MAXIMUM_BYTES) {
    throw new NaturalKeyUnusable(`${member}: too long; a key in KV has at most ${KEY_MAXIMUM_BYTES} bytes`);
  }
  return name;
}

export class NaturalKeyUnusable extends Error {
  override readonly name = "NaturalKeyUnusable";
}

function describe(error: unknown): string {
  if (error instanceof JsonSyntaxError) return `not JSON: ${error.message}`;
  // Begins with the key, beside which the path of the file tells nothing new.
  if (error instanceof DocumentInvalid) return error.message.slice(error.key.length + 2);
  return error instanceof Error ? error.message : String(error);
}

/** Neither of two files wins: which one would depend on their names, and nobody would notice. */
function findClashes(documents: readonly TrustDocument[]): TrustProblem[] {
  const byKey = Map.groupBy(documents, ({ key }) => key);
  return [...byKey.values()]
    .filter((sharing) => sharing.length > 1)
    .flatMap((sharing) => sharing.map((document) => describeClash(document, sharing)));
}

function describeClash({ key, path }: TrustDocument, sharing: readonly TrustDocument[]): TrustProblem {
  const others = sharing.map((document) => document.path).filter((other) => other !== path);
  return { path, message: `${path}: describes ${key}, and so does ${others.join(", ")}; keep one of them` };
}
