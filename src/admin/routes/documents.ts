import * as z from "zod";
import type { AuditFacts } from "../../audit/audit-event.ts";
import { LIMITS } from "../../limits.ts";
import type { ReplacedDocument } from "../../revocation/document-fence.ts";
import type { DocumentKind } from "../../trust/documents.ts";
import { revisionOf } from "../../trust/revision.ts";
import type { AdminDependencies } from "../dependencies.ts";
import { DOCUMENT_KINDS, documentProblemSchema, readSound } from "../document-text.ts";
import { AdminRejected } from "../rejection.ts";
import { type Call, defineRoute, NO_BODY, type Result } from "../route.ts";

const kindSchema = z.enum(DOCUMENT_KINDS);

/** As KV takes keys; a document's own schema says the rest of what its name may be. */
const nameSchema = z
  .string()
  .min(1)
  .refine((name) => name.isWellFormed() && !/\p{Cc}/u.test(name), "text without control characters")
  .refine((name) => new TextEncoder().encode(name).length <= LIMITS.trustKeyBytes - 16, "too long for a key");

const addressSchema = z.strictObject({ kind: kindSchema, name: nameSchema });
type Address = z.output<typeof addressSchema>;

const documentSchema = z.strictObject({
  key: z.string(),
  revision: z.string().describe("A digest of the text; also the ETag"),
  text: z.string().describe("As it was written"),
  problem: documentProblemSchema,
});

const effective_within_seconds = z.int().describe("By when every location goes by it, as far as KV keeps its word");
const in_effect = z
  .boolean()
  .describe("Nothing is issued any more by the text before; false where that could not be made sure at once");
const changedSchema = z.strictObject({
  key: z.string(),
  revision: z.string().nullable(),
  in_effect,
  effective_within_seconds,
});

const pageSchema = z.strictObject({ documents: z.array(documentSchema), cursor: z.string().nullable() });

export const listDocuments = defineRoute({
  id: "list_documents",
  method: "GET",
  path: "/admin/v1/documents",
  role: "viewer",
  summary: "Documents by key, a page at a time",
  parameters: z.strictObject({ kind: kindSchema.optional(), cursor: z.string().max(1024).optional() }),
  body: NO_BODY,
  response: pageSchema,
  async handle({ parameters: { kind, cursor } }, uses) {
    // One kind after the other, so that nothing else that somebody keeps in the namespace is listed.
    const [at = "", within = ""] = /^(\w+)(?:\.(.*))?$/.exec(cursor ?? "")?.slice(1) ?? [];
    const asked = kind === undefined ? DOCUMENT_KINDS : [kind];
    const current = asked.find((one) => one === at) ?? asked[0] ?? DOCUMENT_KINDS[0];
    const page = await uses.documents.list(`${current}:`, within === "" ? null : within);
    const next = asked[asked.indexOf(current) + 1];
    const end = next === undefined ? null : next;
    const body = {
      documents: page.documents.map((stored) => ({ ...stored, problem: readSound(stored, uses.rules).problem })),
      cursor: page.cursor === null ? end : `${current}.${page.cursor}`,
    };
    return { answer: { status: 200, body } };
  },
});

export const readDocument = defineRoute({
  id: "read_document",
  method: "GET",
  path: "/admin/v1/documents/{kind}/{name}",
  role: "viewer",
  summary: "One document",
  parameters: addressSchema,
  body: NO_BODY,
  response: documentSchema,
  async handle({ parameters }, uses) {
    const key = keyOf(parameters);
    const stored = await uses.documents.read(key);
    const facts = { document_key: key };
    if (stored === null) throw new AdminRejected("admin_document_unknown", { facts });
    const { text, revision } = stored;
    const body = { key, revision, text, problem: readSound({ key, text }, uses.rules).problem };
    return { facts, answer: { status: 200, body, headers: { etag: `"${revision}"` } } };
  },
});

export const writeDocument = defineRoute({
  id: "write_document",
  method: "PUT",
  path: "/admin/v1/documents/{kind}/{name}",
  role: "operator",
  summary: "Creates a document (If-None-Match: *) or replaces one revision of it (If-Match)",
  parameters: addressSchema,
  body: z.record(z.string(), z.unknown()),
  response: changedSchema,
  isConditional: true,
  async handle(call, uses) {
    const { kind, name } = requireEditable(call.parameters);
    const key = keyOf({ kind, name });
    const expected = readExpected(call.headers);
    requireSound({ key, text: call.bodyText }, uses);
    await requireCurrent(key, expected, uses);
    const after = await revisionOf(call.bodyText);
    const action = expected === null ? "created" : "changed";
    const facts = { action, document_key: key, revision_before: expected, revision_after: after } as const;
    return edit({ kind, key, expected, text: call.bodyText, facts }, uses);
  },
});

export const removeDocument = defineRoute({
  id: "remove_document",
  method: "DELETE",
  path: "/admin/v1/documents/{kind}/{name}",
  role: "operator",
  summary: "Removes one revision of a document (If-Match)",
  parameters: addressSchema,
  body: NO_BODY,
  response: changedSchema,
  isConditional: true,
  async handle({ parameters, headers }: Call<Address, null>, uses) {
    const key = keyOf(requireEditable(parameters));
    const expected = readExpected(headers);
    if (expected === null) throw new AdminRejected("admin_revision_required", { facts: { document_key: key } });
    await requireCurrent(key, expected, uses);
    const facts = { action: "removed", document_key: key, revision_before: expected } as const;
    return edit({ kind: parameters.kind, key, expected, text: null, facts }, uses);
  },
});

interface Edit {
  readonly kind: DocumentKind;
  readonly key: string;
  readonly expected: string | null;
  readonly text: string | null;
  readonly facts: Partial<AuditFacts>;
}

/** What it takes to do it; the record comes first. */
function edit({ kind, facts, ...request }: Edit, uses: AdminDependencies): Result<z.input<typeof changedSchema>> {
  const revision = facts.revision_after ?? null;
  const change = async () => {
    if ((await uses.documents.edit(request)) === "mismatch") throw new AdminRejected("admin_revision_mismatch");
    const inEffect = await isInEffect({ kind, before: request.expected, after: revision }, uses);
    const body = { key: request.key, revision, ...inEffect };
    const headers: Readonly<Record<string, string>> = revision === null ? {} : { etag: `"${revision}"` };
    return { status: 200, body, headers };
  };
  return { facts, change };
}

/**
 * Who reads the text before, since KV is still spreading the edit, reads it anew. What is new has no text before, and is
 * there when KV has spread it; so is the edit where the registry of revocations does not answer.
 */
async function isInEffect(
  replaced: ReplacedDocument,
  uses: AdminDependencies,
): Promise<Pick<z.input<typeof changedSchema>, "in_effect" | "effective_within_seconds">> {
  const status = await uses.revocations.replaceDocument(replaced).catch(() => null);
  const isEffective = status?.isEffective === true;
  const isSpread = replaced.before === null || !isEffective;
  const heardSeconds = (LIMITS.fencesStaleMilliseconds + LIMITS.fenceRegistryMilliseconds) / 1000;
  const spreadSeconds = uses.documentsSpreadSeconds;
  return {
    in_effect: isEffective,
    effective_within_seconds: isSpread ? spreadSeconds : Math.min(heardSeconds, spreadSeconds),
  };
}

/** Whoever administers by this API does not appoint administrators by it: that takes whoever may write KV itself. */
function requireEditable(address: Address): Address {
  if (address.kind !== "admin") return address;
  throw new AdminRejected("admin_document_protected", { facts: { document_key: keyOf(address) } });
}

/** Before the record: what is known to fail is not recorded as done. The edit itself looks again. */
async function requireCurrent(key: string, expected: string | null, uses: AdminDependencies): Promise<void> {
  const revision = (await uses.documents.read(key))?.revision ?? null;
  if (revision === expected) return;
  throw new AdminRejected("admin_revision_mismatch", { facts: { document_key: key, revision_before: revision } });
}

/** RFC 9110 §13.1: exactly one strong revision, or the statement that there is none. */
function readExpected(headers: Headers): string | null {
  const [match, noneMatch] = [headers.get("if-match"), headers.get("if-none-match")];
  if (match === null && noneMatch === "*") return null;
  const [, revision] = /^"([\w-]{1,64})"$/.exec(match ?? "") ?? [];
  if (revision !== undefined && noneMatch === null) return revision;
  throw new AdminRejected("admin_revision_required");
}

function requireSound(document: { key: string; text: string }, { rules }: AdminDependencies): void {
  const { problem } = readSound(document, rules);
  if (problem === null) return;
  const { path, reason: explanation } = problem;
  throw new AdminRejected("admin_document_invalid", { path, explanation, facts: { document_key: document.key } });
}

function keyOf({ kind, name }: Address): string {
  return `${kind}:${name}`;
}
