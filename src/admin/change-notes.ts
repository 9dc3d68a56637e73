import { type AuditEvent, makeAuditEvent, traceWithoutRequest } from "../audit/audit-event.ts";
import { digestParts } from "../jwt/digest.ts";
import { MalformedJws, parseCompactJws, type UnverifiedJws } from "../jwt/compact-jws.ts";
import { AmbiguousJson, parseStrictObject } from "../jwt/strict-json.ts";
import { LIMITS } from "../limits.ts";
import { type AdminDocument, adminSchema } from "../trust/admin.ts";
import { CHANGE_NOTE_PREFIX, type ChangeNote, changeNoteSchema, SIGNED_CHANGE_TYPE } from "../trust/change-note.ts";
import { adminAudience, isSignedByAdmin } from "./authentication/signed-request.ts";

interface Collecting {
  readonly store: {
    readonly list: (options: { prefix: string; limit: number }) => Promise<{ keys: readonly { name: string }[] }>;
    readonly get: (key: string) => Promise<string | null>;
    readonly delete: (key: string) => Promise<void>;
  };
  readonly issuer: string;
  /** null where there is none in force. @throws Outage */
  readonly findAdmin: (name: string) => Promise<AdminDocument | null>;
  /** Durable when it resolves, and once for one id. @throws Outage */
  readonly record: (event: AuditEvent) => Promise<void>;
  readonly nowMilliseconds: number;
}

/**
 * Makes records of the notes that the command line leaves where it writes KV by itself, without the admin API. Recorded
 * first and deleted then: a crash between the two records it again, by the same id. What a note says is its author's
 * word; only where an admin key has signed it is it that administrator's.
 * @returns how many there were, of which the next round may find more
 */
export async function collectChangeNotes(collecting: Collecting): Promise<number> {
  const { store, record } = collecting;
  const { keys } = await store.list({ prefix: CHANGE_NOTE_PREFIX, limit: LIMITS.changeNotesPerRound });
  for (const { name } of keys) {
    // oxlint-disable-next-line no-await-in-loop -- few, once in ten minutes, and in their order
    const text = await store.get(name);
    // oxlint-disable-next-line no-await-in-loop -- as above
    if (text !== null) await record(await eventOf({ name, text }, collecting));
    // oxlint-disable-next-line no-await-in-loop -- as above
    await store.delete(name);
  }
  return keys.length;
}

async function eventOf(stored: { name: string; text: string }, collecting: Collecting): Promise<AuditEvent> {
  const id = await digestParts(["change_note", stored.text]);
  const trace = traceWithoutRequest(collecting.nowMilliseconds);
  const read = await readNote(stored.text, collecting);
  if (read === null) {
    const facts = { type: "configuration", action: "invalid", decision: "failed" } as const;
    return makeAuditEvent(id, trace, { ...facts, reason: "trust_document_invalid", document_key: stored.name });
  }
  const { note, admin } = read;
  return makeAuditEvent(id, trace, {
    type: "configuration",
    action: actionOf(note),
    decision: "done",
    document_key: note.document_key,
    revision_before: note.revision_before,
    revision_after: note.revision_after,
    claimed_by: note.by,
    claimed_at: note.at,
    admin,
  });
}

function actionOf({ revision_before: before, revision_after: after }: ChangeNote): "created" | "changed" | "removed" {
  if (before === null) return "created";
  return after === null ? "removed" : "changed";
}

interface ReadNote {
  readonly note: ChangeNote;
  /** The key that signed, by its administrator's name; null for what anybody may have written. */
  readonly admin: string | null;
}

/** @returns null for what is no note. One whose signature is not good is none: its author meant to be believed. */
async function readNote(text: string, collecting: Collecting): Promise<ReadNote | null> {
  if (text.length > LIMITS.jwtBytes) return null;
  const jws = text.startsWith("{") ? null : parseJws(text);
  if (jws === null) return text.startsWith("{") ? parseNote(parseJson(text), null) : null;
  const { iss, aud, ...members } = jws.unverified;
  if (jws.header.typ !== SIGNED_CHANGE_TYPE || aud !== adminAudience(collecting.issuer)) return null;
  const document = isAdminName(iss) ? await collecting.findAdmin(iss) : null;
  if (document === null || !document.enabled || !(await isSignedByAdmin(jws, document))) return null;
  const read = parseNote(members, document.name);
  return read !== null && isRecent(read.note, collecting) ? read : null;
}

/** What could not be a name is not asked for: KV fails on keys that are none, and that is no outage. */
function isAdminName(iss: unknown): iss is string {
  return adminSchema.shape.name.safeParse(iss).success;
}

/** A signed note that somebody kept is not to be told again for ever. */
function isRecent({ at }: ChangeNote, { nowMilliseconds }: Collecting): boolean {
  const age = nowMilliseconds - Date.parse(at);
  return age > -LIMITS.clockToleranceMaximumSeconds * 1000 && age < LIMITS.changeNoteSeconds * 1000;
}

function parseNote(value: unknown, admin: string | null): ReadNote | null {
  const { data: note } = changeNoteSchema.safeParse(value);
  return note === undefined ? null : { note, admin };
}

function parseJson(text: string): unknown {
  try {
    return parseStrictObject(text);
  } catch (error) {
    if (error instanceof AmbiguousJson) return null;
    throw error;
  }
}

function parseJws(text: string): UnverifiedJws | null {
  try {
    return parseCompactJws(text, "forbidden");
  } catch (error) {
    if (error instanceof MalformedJws) return null;
    throw error;
  }
}
