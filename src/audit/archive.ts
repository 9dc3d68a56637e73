import { archiveName } from "./archive-name.ts";
import { type AuditBatch, contentOf } from "./audit-batch.ts";

export type ArchiveStore = Pick<R2Bucket, "put">;

const ONCE: R2PutOptions = {
  onlyIf: { etagDoesNotMatch: "*" },
  httpMetadata: { contentType: "application/x-ndjson" },
};

/** Writes a batch where none is; the same batch again changes nothing, and another one has another name. */
export async function archive(store: ArchiveStore, batch: AuditBatch): Promise<void> {
  await store.put(archiveName(batch), contentOf(batch.events), ONCE);
}
