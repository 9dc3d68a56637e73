import * as z from "zod";
import { digestParts } from "../jwt/digest.ts";
import { type AuditEvent, makeAuditEvent, traceWithoutRequest } from "./audit-event.ts";

/** Which keys were current when it was last looked, and since when: a memory beside the archive, and no part of what is attested. */
export const NOTICED_KEYS = "noticed/v1/signing-keys.json";

/** The id of the key that is current, by the name of the secret that holds it. */
type CurrentKeys = Readonly<Record<string, string>>;

interface Noticing {
  readonly store: Pick<R2Bucket, "get" | "put">;
  /** @throws Outage */
  readonly record: (event: AuditEvent) => Promise<void>;
  readonly nowMilliseconds: number;
}

/**
 * A key is rotated by replacing a secret, which no request of ours sees; so each hour the current keys are compared
 * with those of the hour before. Recorded first and remembered then: a crash between the two records it again, by the
 * same id. @throws Error when what is remembered does not read
 */
export async function noticeKeys(noticing: Noticing, current: CurrentKeys): Promise<void> {
  const { store, record } = noticing;
  const before = await readNoticed(store);
  const changed = Object.entries(current).filter(([secret, keyId]) => before[secret]?.kid !== keyId);
  if (changed.length === 0) return;
  await Promise.all(
    changed.map(async ([secret, keyId]) => {
      await record(
        await rotationEvent({ secret, keyId, before: before[secret]?.kid ?? null }, noticing.nowMilliseconds),
      );
    }),
  );
  // What has no key for the moment is remembered: the same one may come back.
  const kept = Object.entries(before).filter(([secret, { kid }]) => (current[secret] ?? kid) === kid);
  const since = new Date(noticing.nowMilliseconds).toISOString();
  const added = changed.map(([secret, kid]) => [secret, { kid, since }] as const);
  await store.put(NOTICED_KEYS, JSON.stringify(Object.fromEntries([...kept, ...added])));
}

/** As it was remembered once: without since when. */
const KEY_ALONE = z.string().transform((kid) => ({ kid, since: null }));
const noticedSchema = z.record(
  z.string(),
  z.union([KEY_ALONE, z.strictObject({ kid: z.string(), since: z.iso.datetime().nullable() })]),
);

/** @throws Error when what is remembered does not read, or the archive does not answer */
async function readNoticed(store: Pick<R2Bucket, "get">): Promise<z.output<typeof noticedSchema>> {
  const noticed = await (await store.get(NOTICED_KEYS))?.text();
  return noticedSchema.parse(noticed === undefined ? {} : JSON.parse(noticed));
}

/** Since when each secret has had the key that it has, in milliseconds, as far as that is known. */
export async function readKeysSince(store: Pick<R2Bucket, "get">): Promise<Readonly<Record<string, number>>> {
  const noticed = Object.entries(await readNoticed(store));
  return Object.fromEntries(
    noticed.flatMap(([secret, { since }]) => (since === null ? [] : [[secret, Date.parse(since)]])),
  );
}

interface Rotation {
  readonly secret: string;
  readonly keyId: string;
  readonly before: string | null;
}

async function rotationEvent({ secret, keyId, before }: Rotation, nowMilliseconds: number): Promise<AuditEvent> {
  const day = String(Math.floor(nowMilliseconds / 86_400_000));
  const id = await digestParts(["key_rotation", secret, before ?? "", keyId, day]);
  return makeAuditEvent(id, traceWithoutRequest(nowMilliseconds), {
    type: "key_rotation",
    action: before === null ? "created" : "rotated",
    decision: "done",
    document_key: secret,
    key_id: keyId,
    revision_before: before,
    revision_after: keyId,
  });
}
