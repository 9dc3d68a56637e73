import * as z from "zod";
import type { IssuerNote, StreamNote } from "../../revocation/stream-note.ts";
import { documentProblemSchema, readSound } from "../document-text.ts";
import { describeKeySet, readDocuments } from "../stored-documents.ts";
import { defineRoute, NO_BODY, NO_PARAMETERS } from "../route.ts";

const instant = z.iso.datetime().nullable();

const signalStreamSchema = z.strictObject({
  issuer: z.string(),
  verified_at: instant.describe("When it last showed that its events arrive"),
  verification_state: z.string().nullable().describe("What whoever asked it for that gave it to say"),
  status: z.enum(["enabled", "paused", "disabled"]).nullable().describe("By its own word"),
  status_reason: z.string().nullable(),
  status_at: instant,
  polled_at: instant.describe("When its events were last fetched, or tried to be"),
  poll_failure: z.string().nullable(),
});

const statusSchema = z.strictObject({
  issuer: z.string(),
  documents: z.array(z.strictObject({ key: z.string(), revision: z.string(), problem: documentProblemSchema })),
  complete: z.boolean().describe("false where there are more documents than are listed here"),
  key_sets: z.array(
    z.strictObject({
      issuer: z.string(),
      keys: z.int().describe("How many of its keys are known and usable"),
      fetched_at: instant,
      attempted_at: instant,
      failures: z.int().describe("In a row, of fetching them"),
    }),
  ),
  signal_streams: z
    .array(signalStreamSchema)
    .nullable()
    .describe("How providers' security events come here; null where that cannot be known"),
  ledgers: z.array(
    z.strictObject({
      shard: z.int(),
      pending: z.int().nullable().describe("Records not archived yet; null: no answer"),
    }),
  ),
  audit: z
    .strictObject({ last_event: z.string().nullable(), last_hour: z.record(z.string(), z.int()) })
    .nullable()
    .describe("What has arrived in the index; null where it does not answer"),
});

export const readStatus = defineRoute({
  id: "read_status",
  method: "GET",
  path: "/admin/v1/status",
  role: "viewer",
  summary: "Which documents are in force and which are broken, keys, and how far the records have come",
  parameters: NO_PARAMETERS,
  body: NO_BODY,
  response: statusSchema,
  async handle({ trace }, uses) {
    const { documents, complete } = await readDocuments(uses);
    const sound = documents.map((document) => ({ ...document, ...readSound(document, uses.rules) }));
    const [key_sets, ledgers, signal_streams, audit] = await Promise.all([
      Promise.all(sound.flatMap(({ parsed }) => describeKeySet(parsed, uses))),
      uses.ledgerStatus().then((shards) => [...shards]),
      uses.revocations.streamNotes().then(describeStreams, () => null),
      uses.audit.readActivity(trace.receivedAtMilliseconds).catch(() => null),
    ]);
    const told = sound.map(({ key, revision, problem }) => ({ key, revision, problem }));
    const body = { issuer: uses.issuer, documents: told, complete, key_sets, signal_streams, ledgers, audit };
    return { answer: { status: 200, body } };
  },
});

type SignalStream = z.input<typeof signalStreamSchema>;

function describeStreams(notes: readonly IssuerNote[]): SignalStream[] {
  return [...Map.groupBy(notes, ({ issuer }) => issuer)].map(([issuer, those]) =>
    those.reduce<SignalStream>((told, { note }) => ({ ...told, ...describeNote(note) }), { ...NOTHING_KNOWN, issuer }),
  );
}

const NOTHING_KNOWN = {
  verified_at: null,
  verification_state: null,
  status: null,
  status_reason: null,
  status_at: null,
  polled_at: null,
  poll_failure: null,
};

function describeNote(note: StreamNote): Partial<SignalStream> {
  const at = new Date(note.atMilliseconds).toISOString();
  if (note.kind === "verification") return { verified_at: at, verification_state: note.state };
  if (note.kind === "poll") return { polled_at: at, poll_failure: note.failure };
  return { status: note.status, status_reason: note.reason, status_at: at };
}
