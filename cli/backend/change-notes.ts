import { randomUUID } from "node:crypto";
import { importJWK, SignJWT } from "jose";
import { adminAudience } from "../../src/admin/authentication/signed-request.ts";
import { LIMITS } from "../../src/limits.ts";
import { CHANGE_NOTE_PREFIX, type ChangeNote, SIGNED_CHANGE_TYPE } from "../../src/trust/change-note.ts";
import { revisionOf } from "../../src/trust/revision.ts";
import type { ChangeAuthor, FindAuthor } from "../change-author.ts";
import { parseDocumentKey } from "./document-keys.ts";
import type { StoredDocument, TrustWrites } from "./trust-backend.ts";

/** Where nobody collects them they do not stay for ever. */
export const NOTE_SECONDS = LIMITS.changeNoteSeconds;

/** What is written beside the documents: of each that changes who changes it, from which revision to which. */
export async function noteChanges(
  { put, remove }: TrustWrites,
  inForce: readonly StoredDocument[],
  findAuthor: FindAuthor,
): Promise<readonly StoredDocument[]> {
  const before = new Map(inForce.map(({ key, value }) => [key, value]));
  const changes = [
    ...put.map(({ key, value }) => ({ key, was: before.get(key), is: value })),
    ...remove.map((key) => ({ key, was: before.get(key), is: undefined })),
  ];
  const meant = changes.filter(({ key, was, is }) => parseDocumentKey(key) !== null && was !== is);
  if (meant.length === 0) return [];
  const [author, at] = [await findAuthor(), new Date().toISOString()];
  return Promise.all(
    meant.map(async ({ key, was, is }) => {
      const note: ChangeNote = {
        version: 1,
        document_key: key,
        revision_before: was === undefined ? null : await revisionOf(was),
        revision_after: is === undefined ? null : await revisionOf(is),
        by: author.by,
        at,
      };
      return { key: `${CHANGE_NOTE_PREFIX}${at}:${randomUUID()}`, value: await spell(note, author) };
    }),
  );
}

async function spell(note: ChangeNote, { signer }: ChangeAuthor): Promise<string> {
  if (signer === null) return JSON.stringify(note);
  const { name, key } = signer.key;
  return new SignJWT({ ...note })
    .setProtectedHeader({ typ: SIGNED_CHANGE_TYPE, alg: key.alg, kid: key.kid })
    .setIssuer(name)
    .setAudience(adminAudience(signer.issuer))
    .sign(await importJWK(key, key.alg));
}
