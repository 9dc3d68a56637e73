import * as z from "zod";
import { LIMITS } from "../limits.ts";
import type { StreamNote } from "../revocation/stream-note.ts";
import type { SecurityEvent } from "./security-event.ts";
import { SignalRejected } from "./rejection.ts";

const SSF = "https://schemas.openid.net/secevent/ssf/event-type/";

/** Shown to whoever looks at the status, and to nobody else; a longer text is shown to nobody. */
const shown = z.string().max(LIMITS.streamNoteCharacters).nullable().catch(null).default(null);
const verificationSchema = z.object({ state: shown });
const updateSchema = z.object({ status: z.enum(["enabled", "paused", "disabled"]), reason: shown });

/** SSF 1.0 §8.1.4.1, §8.1.5: about the stream and about nobody. @returns null for every other event. @throws SignalRejected */
export function noteOf({ type, payload, atMilliseconds }: SecurityEvent): StreamNote | null {
  if (type === `${SSF}verification`) {
    return { kind: "verification", atMilliseconds, ...parse(verificationSchema, payload) };
  }
  return type === `${SSF}stream-updated` ? { kind: "status", atMilliseconds, ...parse(updateSchema, payload) } : null;
}

function parse<Schema extends z.ZodType>(schema: Schema, payload: unknown): z.output<Schema> {
  const parsed = schema.safeParse(payload);
  if (!parsed.success) throw new SignalRejected("invalid_request");
  return parsed.data;
}
