import { FetchFailed } from "../src/egress/bounded-fetch.ts";
import { PostRefused } from "../src/egress/post.ts";
import { LIMITS } from "../src/limits.ts";
import { ArchiveGap } from "../src/sinks/archive-gap.ts";
import { ArchiveBroken } from "../src/sinks/archive-reader.ts";
import { SinkMisconfigured } from "../src/sinks/sink-secret.ts";
import { DocumentInvalid } from "../src/trust/documents.ts";

/** There is no document. */
export class SinkUnread extends Error {}

/** Out of a closed set and never the text of an error, which may quote what the other side said. */
export function wordOf(error: unknown): string {
  if (error instanceof FetchFailed) return error.status === null ? error.flaw : `status_${error.status}`;
  if (error instanceof SinkMisconfigured) return error.flaw;
  if (error instanceof ArchiveBroken) return "archive_broken";
  if (error instanceof ArchiveGap) return "archive_gap";
  if (error instanceof DocumentInvalid) return "document_invalid";
  return error instanceof SinkUnread ? "document_missing" : "fault";
}

/** How long to wait after so many failures in a row: twice as long each time, or as long as the receiver asks to, bounded. */
export function retryDelay(error: unknown, failures: number): number {
  const said = error instanceof PostRefused ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
  const backoff = LIMITS.sinkRetryMinimumMilliseconds * 2 ** Math.min(failures - 1, 10);
  return Math.min(Math.max(backoff, said), LIMITS.sinkRetryMaximumMilliseconds);
}
