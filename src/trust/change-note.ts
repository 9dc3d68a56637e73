import * as z from "zod";
import { LIMITS } from "../limits.ts";

/** What the command line leaves in KV beside the documents that it writes there: apart from every kind of document. */
export const CHANGE_NOTE_PREFIX = "change:";
/** Of a note that is signed by an admin key. */
export const SIGNED_CHANGE_TYPE = "crossgate-change+jwt";

const revisionSchema = z
  .string()
  .regex(/^[\w-]{16}$/)
  .nullable();

/** Who changed which document, as he says himself: whoever may write KV may also write this. */
export const changeNoteSchema = z
  .strictObject({
    version: z.literal(1),
    document_key: z
      .string()
      .max(LIMITS.trustKeyBytes)
      .regex(/^(?:idp|client|resource|tools|policy|admin|sink):\P{C}+$/u),
    revision_before: revisionSchema,
    revision_after: revisionSchema,
    by: z
      .string()
      .max(LIMITS.emailBytes)
      .regex(
        /^[^\p{C}\p{Zl}\p{Zp}\s](?:[^\p{C}\p{Zl}\p{Zp}]*[^\p{C}\p{Zl}\p{Zp}\s])?$/u,
        "one line, of what can be seen",
      ),
    at: z.iso.datetime(),
  })
  .refine(({ revision_before: before, revision_after: after }) => before !== after, "changes nothing");

export type ChangeNote = z.output<typeof changeNoteSchema>;
