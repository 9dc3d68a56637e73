import * as z from "zod";
import { digestParts } from "../jwt/digest.ts";
import { type AuditEvent, makeAuditEvent, traceWithoutRequest } from "./audit-event.ts";

/** Which keys signed when it was last looked: a memory beside the archive, and no part of what is attested. */
export const NOTICED_KEYS = "noticed/v1/signing-keys.json";

/** The id of the key that signs, by the name of the secret that holds it. */
type CurrentKeys = Readonly<Record<string, string>>;

interface Noticing {
  readonly store: Pick<R2Bucket, "get" | "put">;
  /** @throws Outage */
  readonly record: (event: AuditEvent) => Promise<void>;
  readonly nowMilliseconds: number;
}

/**
 * A key is rotated by replacing a secret, which no request of ours sees; so each hour the keys that sign are compared
 * with those of the hour before. Recorded first and remembered then: a crash between the two records it again, by the
 * same id. @throws Error when what is remembered does not read
 */
export async function noticeKeys(noticing: Noticing, current: CurrentKeys): Promise<void> {
  const { store, record } = noticing;
  const before = await readNoticed(store);
  const changed = Object.entries(current).filter(([secret, keyId]) => before[secret] !== keyId);
  if (changed.length === 0) return;
  await Promise.all(
    changed.map(async ([secret, keyId]) => {
      await record(await rotationEvent({ secret, keyId, before: before[secret] ?? null }, noticing.nowMilliseconds));
    }),
  );
  await store.put(NOTICED_KEYS, JSON.stringify(current));
}

async function readNoticed(store: Noticing["store"]): Promise<CurrentKeys> {
  const noticed = await (await store.get(NOTICED_KEYS))?.text();
  return z.record(z.string(), z.string()).parse(noticed === undefined ? {} : JSON.parse(noticed));
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
