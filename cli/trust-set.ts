import type { EgressRules } from "../src/egress/url-policy.ts";
import type { Client } from "../src/trust/client.ts";
import { patternsFor } from "../src/egress/client-identifier.ts";
import {
  type DocumentKind,
  DocumentInvalid,
  type ParsedDocument,
  parseTrustDocument,
  type TrustDocuments,
} from "../src/trust/documents.ts";
import { parseDocumentKey } from "./backend/document-keys.ts";

/** Why a document governs nothing. */
export interface BrokenDocument {
  readonly key: string;
  readonly path: string;
  readonly reason: string;
}

/** All documents of one place, parsed as the Worker parses them; what does not parse is not among them. */
export interface TrustSet {
  readonly idp: ReadonlyMap<string, TrustDocuments["idp"]>;
  readonly client: ReadonlyMap<string, TrustDocuments["client"]>;
  readonly resource: ReadonlyMap<string, TrustDocuments["resource"]>;
  readonly tools: ReadonlyMap<string, TrustDocuments["tools"]>;
  readonly policy: ReadonlyMap<string, TrustDocuments["policy"]>;
  readonly admin: ReadonlyMap<string, TrustDocuments["admin"]>;
  readonly sink: ReadonlyMap<string, TrustDocuments["sink"]>;
  readonly broken: readonly BrokenDocument[];
}

/** The record that governs a client, found as the Worker finds it (src/trust/registered-client.ts). */
export function findClientIn({ client }: Pick<TrustSet, "client">, clientId: string): Client | null {
  const name = [clientId, ...patternsFor(clientId)].find((candidate) => client.has(candidate));
  const record = name === undefined ? undefined : client.get(name);
  return record === undefined ? null : { ...record, client_id: clientId };
}

type Mutable = { [Kind in DocumentKind]: Map<string, ParsedDocument<Kind>> };

export function readTrustSet(
  documents: readonly { readonly key: string; readonly value: string }[],
  rules: EgressRules,
): TrustSet {
  const sound: Mutable = {
    idp: new Map(),
    client: new Map(),
    resource: new Map(),
    tools: new Map(),
    policy: new Map(),
    admin: new Map(),
    sink: new Map(),
  };
  const broken: BrokenDocument[] = [];
  for (const { key, value } of documents) {
    const found = parseDocumentKey(key);
    if (found === null) continue;
    const problem = add(sound, { ...found, text: value }, rules);
    if (problem !== null) broken.push({ key, ...problem });
  }
  return { ...sound, broken };
}

interface Entry<Kind extends DocumentKind> {
  readonly kind: Kind;
  readonly name: string;
  readonly text: string;
}

function add<Kind extends DocumentKind>(
  sound: Mutable,
  { kind, name, text }: Entry<Kind>,
  rules: EgressRules,
): Omit<BrokenDocument, "key"> | null {
  try {
    const documents: Map<string, ParsedDocument<Kind>> = sound[kind];
    documents.set(name, parseTrustDocument(kind, { name, text }, rules));
    return null;
  } catch (error) {
    if (error instanceof DocumentInvalid) return { path: error.path, reason: error.reason };
    throw error;
  }
}
