import type { AccessToken } from "../access-token/verify.ts";
import { isObject } from "../jwt/strict-json.ts";
import { LIMITS } from "../limits.ts";
import type { ProtectedResource } from "../trust/protected-resource.ts";
import type { Revised } from "../trust/trust-store.ts";
import { membersOf } from "../trust/virtual-server.ts";
import type { AuthorizationDependencies } from "./authorization.ts";
import { authorize } from "./authorize-call.ts";
import type { Call } from "./call-record.ts";
import type { Viewer } from "./list-result.ts";
import { isEventStream } from "./message-stream.ts";
import { CallRefused } from "./refusal.ts";
import { ToolGate, type ToolGateDependencies } from "./tool-gate.ts";

/** Whoever follows a server, what they are shown, and where what decides about it is found. */
interface Following {
  readonly call: Call;
  readonly token: AccessToken;
  readonly viewer: Viewer;
  readonly uses: AuthorizationDependencies &
    ToolGateDependencies & {
      readonly findResource: (identifier: string) => Promise<Revised<ProtectedResource> | null>;
    };
}

const REFUSED = "refused";
const ACKNOWLEDGED = "notifications/subscriptions/acknowledged";
const LISTS = [
  ["toolsListChanged", "notifications/tools/list_changed"],
  ["promptsListChanged", "notifications/prompts/list_changed"],
  ["resourcesListChanged", "notifications/resources/list_changed"],
] as const;

/**
 * Tells whoever follows a server that its lists are others now when policy, the server's document or the approved tools
 * have changed, within a look of our having read it; and ends the stream of whoever may not follow it any more. Between
 * whole events, which the body has one a chunk, and in the era without sessions never before the acknowledgement.
 */
export function announceChanges(response: Response, following: Following): Response {
  const { body, status, headers } = response;
  const notices = noticesFor(following.call);
  if (body === null || !isEventStream(response)) return response;
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  let timer: ReturnType<typeof setTimeout> | null = null;
  let isOpen = true;
  let mayAnnounce = following.call.message === null;
  let [seen, isDue]: [string | null, boolean] = [null, false];
  const stop = (): void => {
    isOpen = false;
    clearTimeout(timer);
  };
  const announce = (controller: TransformStreamDefaultController<Uint8Array>): void => {
    if (!isDue || !mayAnnounce) return;
    isDue = false;
    for (const notice of notices) controller.enqueue(encoder.encode(`data: ${notice}\n\n`));
  };
  const announced = new TransformStream<Uint8Array, Uint8Array>({
    async start(controller) {
      const look = async (): Promise<void> => {
        const revision = await revisionOf(following, seen);
        if (!isOpen) return;
        if (revision === REFUSED) return controller.terminate();
        isDue ||= seen !== null && revision !== null && revision !== seen;
        seen = revision ?? seen;
        announce(controller);
        timer = setTimeout(() => void look(), LIMITS.streamWatchMilliseconds);
      };
      await look();
    },
    transform(chunk, controller) {
      controller.enqueue(chunk);
      mayAnnounce ||= decoder.decode(chunk).includes(ACKNOWLEDGED);
      announce(controller);
    },
    flush: stop,
    cancel: stop,
  });
  return new Response(body.pipeThrough(announced), { status, headers });
}

/**
 * Judges the stream again: it may last for days, and what it shows is judged by what is in force then.
 * @returns what decides it now; what it was while that cannot be known; refused for who may not follow any more
 */
async function revisionOf({ call, token, viewer, uses }: Following, seen: string | null): Promise<string | null> {
  const { resource: identifier } = call.resource;
  try {
    const resource = await uses.findResource(identifier);
    if (resource === null || !resource.document.enabled) return REFUSED;
    const tools = await uses.findApprovedTools(identifier);
    const now = { ...call, resource: resource.document, resourceRevision: resource.revision };
    viewer.caller = await authorize(now, token, uses);
    viewer.tools = await ToolGate.open(now, viewer.caller, uses);
    const members = await memberRevisions(resource.document, uses);
    return JSON.stringify([resource.revision, tools?.revision ?? null, viewer.caller.policy.revision, members]);
  } catch (error) {
    if (error instanceof CallRefused) return REFUSED;
    // An outage, or a document that does not parse: nobody is told of a change that nobody can see yet.
    return seen;
  }
}

/** What a list of a virtual server hangs on besides. @throws Outage */
async function memberRevisions(
  { virtual }: ProtectedResource,
  { findResource, findApprovedTools }: Following["uses"],
): Promise<readonly (readonly (string | null)[])[]> {
  if (virtual === undefined) return [];
  const revisionsOf = async (name: string): Promise<readonly (string | null)[]> => {
    const [resource, tools] = await Promise.all([findResource(name), findApprovedTools(name)]);
    return [resource?.revision ?? null, tools?.revision ?? null];
  };
  return Promise.all(membersOf(virtual).map(revisionsOf));
}

/** In the era of sessions to whoever has opened a stream; since then, of what was asked for, by the subscription's id. */
function noticesFor({ message }: Call): readonly string[] {
  if (message === null) return [JSON.stringify({ jsonrpc: "2.0", method: LISTS[0][1] })];
  const { notifications } = message.params;
  const asked = isObject(notifications) ? notifications : {};
  const params = { _meta: { "io.modelcontextprotocol/subscriptionId": message.id } };
  return LISTS.filter(([member]) => asked[member] === true).map(([, method]) =>
    JSON.stringify({ jsonrpc: "2.0", method, params }),
  );
}
