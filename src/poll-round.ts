import { log } from "./audit/operator-log.ts";
import { LIMITS } from "./limits.ts";
import { pollEvents } from "./signals/poll.ts";
import type { Services } from "./services/services.ts";

const PREFIX = "idp:";

/** Every provider whose record names where its events are fetched. One that fails or dawdles takes nothing from the next. */
export async function runPollRound(
  documents: Pick<KVNamespace, "list">,
  { signals }: Pick<Services, "signals">,
): Promise<void> {
  const { keys, list_complete: isComplete } = await documents.list({ prefix: PREFIX, limit: LIMITS.pollProviders });
  if (!isComplete) log({ event: "signal_poll_incomplete", providers: String(keys.length) });
  const polled = await Promise.allSettled(keys.map(({ name }) => pollOne(name.slice(PREFIX.length), signals)));
  for (const result of polled) {
    if (result.status === "rejected") log({ event: "signal_poll_failed", class: classOf(result.reason) });
  }
}

async function pollOne(issuer: string, signals: Services["signals"]): Promise<void> {
  const found = await signals.findIdp(issuer);
  if (found !== null) await pollEvents(found.document, signals);
}

function classOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
