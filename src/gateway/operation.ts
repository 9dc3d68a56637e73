import { LIMITS } from "../limits.ts";
import type { Scope } from "../policy/scope.ts";
import type { ProtectedResource } from "../trust/protected-resource.ts";
import type { Message } from "./message.ts";
import { CallRefused } from "./refusal.ts";

/** What keeps a connection alive and does nothing else: a valid token for the server is enough. */
const LIFECYCLE: ReadonlySet<string> = new Set([
  "initialize",
  "ping",
  "server/discover",
  "notifications/initialized",
  "notifications/cancelled",
  "notifications/progress",
  "notifications/roots/list_changed",
]);

type ScopeMeaning = ProtectedResource["scopes"][string];

/**
 * Default deny: an operation is permitted when a granted scope means it. One that some other scope means is refused
 * with that scope named; one that no scope means is not offered here, whatever the upstream can do.
 * @throws CallRefused
 */
export function requirePermitted(message: Message, resource: ProtectedResource, granted: Scope): void {
  if (message.kind === "response" || LIFECYCLE.has(message.method)) return;
  const covering = Object.entries(resource.scopes).filter(([, meaning]) => covers(meaning, message));
  if (covering.some(([name]) => granted.has(name))) return;
  const [narrowest] = covering.toSorted(([, a], [, b]) => breadth(a) - breadth(b));
  if (narrowest === undefined) throw new CallRefused("operation_unknown");
  throw new CallRefused("scope_insufficient", { neededScopes: [narrowest[0]] });
}

function covers(meaning: ScopeMeaning, { method, target }: Message): boolean {
  if (meaning.methods.includes(method)) return true;
  return method === "tools/call" && target !== null && meaning.tools.includes(target);
}

/** How many operations a scope opens. The whole of tools/call is more than any list of tools could name. */
function breadth({ methods, tools }: ScopeMeaning): number {
  const opensEveryTool = methods.includes("tools/call");
  return methods.length + (opensEveryTool ? LIMITS.valuesPerSelector : 0) + tools.length;
}
