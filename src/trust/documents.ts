import * as z from "zod";
import { type EgressRules, findUrlFlaw } from "../egress/url-policy.ts";
import { AmbiguousJson, parseStrictObject } from "../jwt/strict-json.ts";
import { LIMITS } from "../limits.ts";
import { type Policy, policySchema } from "../policy/policy.ts";
import { type AdminDocument, adminSchema } from "./admin.ts";
import { type ApprovedTools, approvedToolsSchema } from "./approved-tools.ts";
import { type Client, clientSchema } from "./client.ts";
import type { KeySource } from "./key-source.ts";
import { type ProtectedResource, protectedResourceSchema } from "./protected-resource.ts";
import { describeIssue } from "./schema-issue.ts";
import { type TrustedIdp, trustedIdpSchema } from "./trusted-idp.ts";
import { contactedUrls } from "./upstream-credential.ts";
import { type Sink, sinkSchema } from "./sink.ts";
import { describeUrlFlaw } from "./url-flaw-words.ts";

/** The kinds of document that people edit, by the prefix of their key in KV. */
export interface TrustDocuments {
  readonly idp: TrustedIdp;
  readonly client: Client;
  readonly resource: ProtectedResource;
  readonly tools: ApprovedTools;
  readonly policy: Policy;
  readonly admin: AdminDocument;
  readonly sink: Sink;
}
export type DocumentKind = keyof TrustDocuments;
export type ParsedDocument<Kind extends DocumentKind> = TrustDocuments[Kind];

export const DOCUMENT_SCHEMAS = {
  idp: trustedIdpSchema,
  client: clientSchema,
  resource: protectedResourceSchema,
  tools: approvedToolsSchema,
  policy: policySchema,
  admin: adminSchema,
  sink: sinkSchema,
} as const;

/** Names key, path and reason: for the person who edits, never for a client. */
export class DocumentInvalid extends Error {
  override readonly name = "DocumentInvalid";
  readonly key: string;
  readonly path: string;
  readonly reason: string;
  constructor(key: string, path: string, reason: string) {
    super(`${key}: ${path === "" ? "" : `${path}: `}${reason}`);
    this.key = key;
    this.path = path;
    this.reason = reason;
  }
}

/** Deep enough for the schemas of tools, which are other people's documents. */
export const DOCUMENT_BOUNDS = { depth: LIMITS.messageDepth, members: 200_000, foldCaseDepth: 0 };

/**
 * Reads one document as a whole or not at all: unknown and repeated members, a name that differs from its key, and
 * URLs we would never contact are errors. @throws DocumentInvalid
 */
export function parseTrustDocument<Kind extends DocumentKind>(
  kind: Kind,
  entry: { readonly name: string; readonly text: string },
  rules: EgressRules,
): ParsedDocument<Kind> {
  const key = `${kind}:${entry.name}`;
  if (entry.text.length > largest(kind)) throw new DocumentInvalid(key, "", "document too large");
  const parsed = z.safeParse(DOCUMENT_SCHEMAS[kind], readJson(key, entry.text));
  if (!parsed.success) throw invalid(key, parsed.error, DOCUMENT_SCHEMAS[kind]);
  const document = parsed.data as TrustDocuments[DocumentKind];
  // KV answers by key; a document that names something else must not come to govern it.
  if (nameOf(document) !== entry.name) throw new DocumentInvalid(key, nameMember(kind), "differs from its key");
  for (const { path, url, mayBeOurs } of urlsOf(document)) {
    const flaw = findUrlFlaw(url, mayBeOurs ? { ...rules, ownHost: "" } : rules);
    if (flaw !== null) throw new DocumentInvalid(key, path, describeUrlFlaw(flaw, rules));
  }
  return document as ParsedDocument<Kind>;
}

function largest(kind: DocumentKind): number {
  return kind === "policy" ? LIMITS.policyDocumentBytes : LIMITS.trustDocumentBytes;
}

function readJson(key: string, text: string): unknown {
  try {
    return parseStrictObject(text, DOCUMENT_BOUNDS);
  } catch (error) {
    if (error instanceof AmbiguousJson) throw new DocumentInvalid(key, "", error.message);
    throw error;
  }
}

/** One flaw: a member that there is not before one that is missing, since the first is often the second, misspelt. */
function invalid(key: string, { issues }: z.core.$ZodError, schema: z.ZodType): DocumentInvalid {
  const issue = issues.find(({ code }) => code === "unrecognized_keys") ?? issues[0];
  if (issue === undefined) return new DocumentInvalid(key, "", "does not fit its schema");
  const { path, reason } = describeIssue(issue, schema);
  return new DocumentInvalid(key, path, reason);
}

const NAME_MEMBERS = {
  idp: "issuer",
  client: "client_id",
  resource: "resource",
  tools: "resource",
  policy: "organization",
  admin: "name",
  sink: "name",
} as const;

export function nameMember(kind: DocumentKind): string {
  return NAME_MEMBERS[kind];
}

function nameOf(document: TrustDocuments[DocumentKind]): string {
  if ("issuer" in document) return document.issuer;
  if ("role" in document || "begin" in document) return document.name;
  if ("client_id" in document) return document.client_id;
  return "resource" in document ? document.resource : document.organization;
}

/** A public name, such as an issuer or a server's own URL, may share our host; an address that we contact may not. */
interface NamedUrl {
  readonly path: string;
  readonly url: string;
  readonly mayBeOurs: boolean;
}

function urlsOf(document: TrustDocuments[DocumentKind]): readonly NamedUrl[] {
  if ("begin" in document) return [{ path: "url", url: document.url, mayBeOurs: false }];
  if ("upstream_credential" in document) {
    return [
      { path: "resource", url: document.resource, mayBeOurs: true },
      ...(document.upstream === undefined ? [] : [{ path: "upstream", url: document.upstream, mayBeOurs: false }]),
      ...document.guardrails.flatMap((guardrail, index) =>
        guardrail.type === "external"
          ? [{ path: `guardrails.${index}.url`, url: guardrail.url, mayBeOurs: false }]
          : [],
      ),
      ...contactedUrls(document.upstream_credential).map((named) => ({ ...named, mayBeOurs: false })),
    ];
  }
  if ("issuer" in document) {
    const poll = document.signals?.poll;
    return [
      { path: "issuer", url: document.issuer, mayBeOurs: false },
      ...keySetUrl("key_set", document.key_set),
      ...(poll === undefined ? [] : [{ path: "signals.poll.endpoint", url: poll.endpoint, mayBeOurs: false }]),
    ];
  }
  return "client_id" in document ? clientUrls(document) : [];
}

/** A pattern is judged by its folder. */
function clientUrls({ client_id, authentication }: Client): readonly NamedUrl[] {
  if (authentication.metadata_document) {
    return [{ path: "client_id", url: client_id.replace(/\*$/, ""), mayBeOurs: false }];
  }
  return keySetUrl("authentication.key_set", authentication.key_set);
}

function keySetUrl(path: string, source: KeySource | undefined): readonly NamedUrl[] {
  return source?.kind === "remote" ? [{ path: `${path}.jwks_uri`, url: source.jwksUri, mayBeOurs: false }] : [];
}
