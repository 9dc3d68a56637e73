import { isObject, type JsonObject } from "../jwt/strict-json.ts";
import type { Operation } from "../policy/operation.ts";
import { type Caller, showsTo } from "./authorization.ts";
import { coveringScopes } from "./operation.ts";

/** What a server says it can do (MCP, lifecycle), and the methods by which it is asked to. */
const ASKED_BY: Readonly<Record<string, readonly string[]>> = {
  completions: ["completion/complete"],
  prompts: ["prompts/list", "prompts/get"],
  resources: ["resources/list", "resources/templates/list", "resources/read"],
  tools: ["tools/list", "tools/call"],
};
const SET_LEVEL = askedWith("logging/setLevel");
const SUBSCRIBE = askedWith("resources/subscribe");

/**
 * A client asks at once for what a server says it can do, and gives up where that is refused. So nothing is promised
 * that no scope means here, nor a log level to whoever may not set one. What has no capabilities is returned as it is.
 */
export function offerPermitted(result: JsonObject, caller: Caller): JsonObject {
  const { capabilities, protocolVersion } = result;
  if (!isObject(capabilities)) return result;
  const offered = Object.entries(capabilities).filter(([name]) => isOffered(name, caller));
  const { logging, resources, ...others } = Object.fromEntries(offered);
  // Since 2026-07-28 there is no level to set: each request says what it wants to be told.
  const isLevelSet = protocolVersion !== undefined;
  const isLogged = logging !== undefined && (!isLevelSet || showsTo(caller)(SET_LEVEL));
  return {
    ...result,
    capabilities: {
      ...others,
      ...(isLogged ? { logging } : {}),
      ...(resources === undefined ? {} : { resources: withoutSubscription(resources, caller) }),
    },
  };
}

function isOffered(capability: string, { resource }: Caller): boolean {
  const methods = Object.hasOwn(ASKED_BY, capability) ? ASKED_BY[capability] : undefined;
  if (methods === undefined) return true;
  if (methods.some((method) => coveringScopes(resource, askedWith(method)).length > 0)) return true;
  return capability === "tools" && Object.values(resource.scopes).some(({ tools }) => tools.length > 0);
}

function withoutSubscription(resources: JsonObject[string], { resource }: Caller): JsonObject[string] {
  if (!isObject(resources) || coveringScopes(resource, SUBSCRIBE).length > 0) return resources;
  const { subscribe: _subscribe, ...others } = resources;
  return others;
}

function askedWith(method: string): Operation {
  return { method, kind: null, name: null, arguments: null };
}
