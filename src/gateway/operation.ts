import { isObject, type Json } from "../jwt/strict-json.ts";
import { LIMITS } from "../limits.ts";
import { kindOf, type Operation } from "../policy/operation.ts";
import type { ProtectedResource } from "../trust/protected-resource.ts";
import { findPublished, type PublishedTools } from "../trust/virtual-server.ts";
import type { Message } from "./message.ts";
import { CallRefused } from "./refusal.ts";
import { foldCase } from "./spelling.ts";

/** What keeps a connection alive and does nothing else. */
const LIFECYCLE: ReadonlySet<string> = new Set([
  "initialize",
  "ping",
  "server/discover",
  "notifications/initialized",
  "notifications/cancelled",
  "notifications/progress",
  "notifications/roots/list_changed",
]);

/**
 * @returns all that a message asks for, each to be judged by itself; see `operationOf`.
 * @throws CallRefused
 */
export function operationsOf(message: Message): readonly (Operation | null)[] {
  const operation = operationOf(message);
  const notifications = message.params["notifications"];
  if (operation?.method !== "subscriptions/listen" || notifications === undefined) return [operation];
  if (!isObject(notifications)) throw new CallRefused("message_malformed");
  const { resourceSubscriptions = [], ...others } = notifications;
  const followed = readResources(resourceSubscriptions).map(
    (name) => ({ ...operation, kind: "resource", name }) as const,
  );
  // A lone "ResourceSubscriptions" names resources to a server that folds case.
  if (Object.keys(others).some((member) => foldCase(member) === "resourcesubscriptions"))
    throw new CallRefused("message_malformed");
  return followed.length === 0 || Object.keys(others).length > 0 ? [operation, ...followed] : followed;
}

function readResources(given: Json): readonly string[] {
  const isList = Array.isArray(given) && given.length <= LIMITS.resourcesPerSubscription && given.every(isResourceName);
  if (!isList) throw new CallRefused("message_malformed");
  return given;
}

function isResourceName(given: unknown): given is string {
  return typeof given === "string" && given.isWellFormed() && given.length <= LIMITS.urlBytes;
}

/**
 * @returns what a message asks for; null for what only keeps a connection alive, a client's own answers among it.
 * @throws CallRefused for a completion of something that nobody could name
 */
export function operationOf(message: Message): Operation | null {
  const { kind, method, target, params } = message;
  if (kind === "response" || LIFECYCLE.has(method)) return null;
  const given = isObject(params["arguments"]) ? params["arguments"] : {};
  if (method === "completion/complete") return { method, ...readReference(params["ref"]), arguments: given };
  const named = kindOf(method);
  return { method, kind: named, name: named === null ? null : target, arguments: given };
}

/** What a completion is for is what it tells about: it is judged like the prompt or resource itself. */
function readReference(reference: unknown): Pick<Operation, "kind" | "name"> {
  if (!isObject(reference)) throw new CallRefused("message_malformed");
  const { type, name, uri, title: _title, ...others } = reference;
  // A member that we do not know is, to a server that folds case, perhaps the name it goes by.
  if (Object.keys(others).length > 0) throw new CallRefused("message_malformed");
  if (type === "ref/prompt" && typeof name === "string") return { kind: "prompt", name };
  if (type === "ref/resource" && typeof uri === "string") return { kind: "resource", name: uri };
  throw new CallRefused("message_malformed");
}

type ScopeMeaning = ProtectedResource["scopes"][string];

/**
 * Default deny: an operation that no scope means is not offered here, whatever the upstream can do.
 * @returns the scopes that mean an operation, the narrowest first.
 */
export function coveringScopes({ scopes, virtual }: ProtectedResource, operation: Operation): readonly string[] {
  if (virtual !== undefined && !isPublished(virtual, operation)) return [];
  return Object.entries(scopes)
    .filter(([, meaning]) => covers(meaning, operation))
    .toSorted(([, a], [, b]) => breadth(a) - breadth(b))
    .map(([name]) => name);
}

/** A virtual server has tools alone, those that its document names; of its members nothing else is within reach. */
function isPublished(virtual: PublishedTools, { method, name }: Operation): boolean {
  if (method === "subscriptions/listen") return name === null;
  if (method !== "tools/call") return method === "tools/list";
  return name === null || findPublished(virtual, name) !== null;
}

function covers(meaning: ScopeMeaning, { method, name }: Operation): boolean {
  if (meaning.methods.includes(method)) return true;
  return method === "tools/call" && name !== null && meaning.tools.includes(name);
}

/** How many operations a scope opens. The whole of tools/call is more than any list of tools could name. */
function breadth({ methods, tools }: ScopeMeaning): number {
  const opensEveryTool = methods.includes("tools/call");
  return methods.length + (opensEveryTool ? LIMITS.valuesPerSelector : 0) + tools.length;
}
