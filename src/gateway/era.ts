import type { Message } from "./message.ts";
import { isStateless } from "./mirrored-headers.ts";
import { CallRefused } from "./refusal.ts";

/** What MCP 2026-07-28 took away: a server of both eras would still do it for whoever asked in the new one. */
const REMOVED: ReadonlySet<string> = new Set([
  "ping",
  "logging/setLevel",
  "resources/subscribe",
  "resources/unsubscribe",
]);

/** By its header a request is of the stateless era: then its body must say so too, and ask for what that era has. */
export function requireEra(headers: Headers, message: Message): void {
  const isSubscription = /^resources\/(?:un)?subscribe$/.test(message.method);
  if (message.kind !== "request" || !isStateless(headers, message)) {
    if (isSubscription && message.target === null) throw new CallRefused("message_malformed");
    return;
  }
  if (message.protocolVersion === null) throw new CallRefused("message_meta_missing");
  if (REMOVED.has(message.method)) throw new CallRefused("operation_unknown");
}
