import * as z from "zod";
import type { EgressRules } from "../egress/url-policy.ts";
import {
  DOCUMENT_SCHEMAS,
  DocumentInvalid,
  type DocumentKind,
  parseTrustDocument,
  type TrustDocuments,
} from "../trust/documents.ts";

export const DOCUMENT_KINDS = Object.keys(DOCUMENT_SCHEMAS) as [DocumentKind, ...DocumentKind[]];

export const documentProblemSchema = z
  .strictObject({ path: z.string(), reason: z.string() })
  .nullable()
  .describe("Why it governs nothing; null when it is sound");

export interface ReadDocument {
  readonly parsed: TrustDocuments[DocumentKind] | null;
  readonly problem: z.output<typeof documentProblemSchema>;
}

/** As everything else reads it, so that what is called sound here is in force there. */
export function readSound({ key, text }: { key: string; text: string }, rules: EgressRules): ReadDocument {
  const kind = DOCUMENT_KINDS.find((one) => key.startsWith(`${one}:`));
  if (kind === undefined) return { parsed: null, problem: null };
  try {
    return { parsed: parseTrustDocument(kind, { name: key.slice(kind.length + 1), text }, rules), problem: null };
  } catch (error) {
    if (!(error instanceof DocumentInvalid)) throw error;
    return { parsed: null, problem: { path: error.path, reason: error.reason } };
  }
}
