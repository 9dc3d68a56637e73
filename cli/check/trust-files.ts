import * as z from "zod";
import { type DocumentKind, DOCUMENT_SCHEMAS, DocumentInvalid, parseTrustDocument } from "../../src/trust/documents.ts";
import { describeIssue } from "../../src/trust/schema-issue.ts";
import { readFileText } from "../input-text.ts";
import { JsonSyntaxError, parseJsonWithPosition } from "../json-position.ts";
import {
  listTrustFiles,
  naturalKey,
  NaturalKeyUnusable,
  type TrustDocument,
  type TrustFile,
} from "../trust-documents.ts";
import { WIDEST_RULES } from "./urls.ts";
import type { Finding } from "./finding.ts";

export interface TrustFiles {
  /** What parses, whatever addresses it points at: those are looked at by themselves. */
  readonly documents: readonly TrustDocument[];
  /** Keys of files that do not parse; without a name where not even that can be read. */
  readonly brokenKeys: readonly string[];
  readonly findings: readonly Finding[];
}

/** Reads a trust directory and says everything that is wrong with each file, not only the first. */
export async function readTrustFiles(directory: string): Promise<TrustFiles> {
  const files = await listTrustFiles(directory);
  const read = await Promise.all(files.map((file) => readTrustFile(file)));
  const sound = read.flatMap(({ document }) => (document === null ? [] : [document]));
  const clashes = findClashes(sound);
  const brokenKeys = read.flatMap(({ brokenKey }) => (brokenKey === null ? [] : [brokenKey]));
  return { documents: sound, brokenKeys, findings: [...read.flatMap(({ findings }) => findings), ...clashes] };
}

interface ReadFile {
  readonly document: TrustDocument | null;
  readonly brokenKey: string | null;
  readonly findings: readonly Finding[];
}

async function readTrustFile({ kind, path }: TrustFile): Promise<ReadFile> {
  const value = await readFileText(path);
  let brokenKey = `${kind}:`;
  try {
    const parsed = parseJsonWithPosition(value);
    const name = naturalKey(parsed, kind);
    brokenKey = `${kind}:${name}`;
    const findings = schemaFindings(kind, path, parsed);
    if (findings.length > 0) return { document: null, brokenKey, findings };
    parseTrustDocument(kind, { name, text: value }, WIDEST_RULES);
    return { document: { key: brokenKey, value, path }, brokenKey: null, findings: [] };
  } catch (error) {
    return { document: null, brokenKey, findings: [{ severity: "error", file: path, ...wordsFor(error, kind) }] };
  }
}

function wordsFor(error: unknown, kind: DocumentKind): Pick<Finding, "at" | "problem" | "fix"> {
  if (error instanceof JsonSyntaxError)
    return { at: "", problem: `not JSON: ${error.message}`, fix: "Correct it there." };
  if (error instanceof NaturalKeyUnusable) {
    return { at: "", problem: error.message, fix: "State it as a text; it names the document." };
  }
  if (error instanceof DocumentInvalid)
    return { at: error.path, problem: error.reason, fix: fixForInvalid(error, kind) };
  throw error;
}

function fixForInvalid(error: DocumentInvalid, kind: DocumentKind): string {
  if (error.message.includes("URL not allowed")) {
    return "Use an https URL with a public host name, without user name, password and fragment.";
  }
  return `Write it as config/schema/${kind}.schema.json says, each member once.`;
}

function schemaFindings(kind: DocumentKind, file: string, parsed: unknown): readonly Finding[] {
  const { error } = z.safeParse(DOCUMENT_SCHEMAS[kind], parsed);
  return (error?.issues ?? []).map((issue) => {
    const { path, reason } = describeIssue(issue, DOCUMENT_SCHEMAS[kind]);
    return { severity: "error", file, at: path, problem: KEY_FLAWS[reason] ?? reason, fix: fixFor(reason, kind) };
  });
}

function fixFor(reason: string, kind: DocumentKind): string {
  if (reason.startsWith("unknown member")) {
    return `Remove it or correct its spelling; config/schema/${kind}.schema.json lists the members there are.`;
  }
  if (reason === "private_material") return "Put the public key here, and replace the pair: this half has been shown.";
  if (reason in KEY_FLAWS) return "Use a key of a kind that the README names, or state jwks_uri instead.";
  return `config/schema/${kind}.schema.json says what fits here.`;
}

/** What `readVerificationKey` finds wrong with a key, in words. */
const KEY_FLAWS: Readonly<Record<string, string>> = {
  not_an_object: "not a JSON Web Key",
  symmetric_or_unknown: "a key of a kind that is not accepted: ES256, ES384, RS256, PS256 and Ed25519 are",
  private_material: "a private or secret key",
  not_for_signatures: "a key that its own use or key_ops say is not for verifying signatures",
  algorithm_mismatch: "a key whose alg is not one that its kty and crv can have here",
  kid_malformed: "a key whose kid is not a string of at most 128 bytes",
  rsa_size: "a weak RSA key: its modulus must have 2048 to 4096 bits",
  rsa_exponent: "an RSA key whose exponent is not 65537",
  weak_point: "an Ed25519 key that is a point of small order or written in a second spelling",
  malformed: "a key whose numbers are missing or of the wrong length",
};

function findClashes(documents: readonly TrustDocument[]): readonly Finding[] {
  const sharing = [...Map.groupBy(documents, ({ key }) => key).values()].filter((group) => group.length > 1);
  return sharing.flatMap((group) =>
    group.map(({ key, path }) => ({
      severity: "error" as const,
      file: path,
      at: "",
      problem: `describes ${key}, and so does ${group.flatMap((other) => (other.path === path ? [] : [other.path])).join(", ")}`,
      fix: "Keep one of them.",
    })),
  );
}
