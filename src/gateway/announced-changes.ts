import type { ApprovedTools } from "../trust/approved-tools.ts";
import type { ProtectedResource } from "../trust/protected-resource.ts";
import type { Revised } from "../trust/trust-store.ts";
import { LIMITS } from "../limits.ts";
import { isObject } from "../jwt/strict-json.ts";
import type { Call } from "./call-record.ts";
import { isEventStream } from "./message-stream.ts";
import { CallRefused } from "./refusal.ts";

/** What decides what a subscriber sees of a server. */
export interface ViewSources {
  readonly findResource: (identifier: string) => Promise<Revised<ProtectedResource> | null>;
  readonly findApprovedTools: (resource: string) => Promise<Revised<ApprovedTools> | null>;
}

export interface Announcing {
  readonly call: Call;
  readonly sources: ViewSources;
  /** Judges the subscription again, by what is in force now. @returns the policy's revision. @throws CallRefused, Outage */
  readonly authorizeAgain: (resource: Revised<ProtectedResource>) => Promise<string>;
}

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
export function announceChanges(response: Response, announcing: Announcing): Response {
  const { body, status, headers } = response;
  const notices = noticesFor(announcing.call);
  if (body === null || !isEventStream(response)) return response;
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  let timer: ReturnType<typeof setTimeout> | null = null;
  let isOpen = true;
  let mayAnnounce = announcing.call.message === null;
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
        const revision = await revisionOf(announcing, seen);
        if (!isOpen) return;
        if (revision === "refused") return controller.terminate();
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

/** @returns null while it cannot be known; refused for who may not follow this server any more */
async function revisionOf({ call, sources, authorizeAgain }: Announcing, seen: string | null) {
  const { resource: identifier } = call.resource;
  try {
    const resource = await sources.findResource(identifier);
    if (resource === null || !resource.document.enabled) return "refused";
    const tools = await sources.findApprovedTools(identifier);
    const policy = await authorizeAgain(resource);
    return JSON.stringify([resource.revision, tools?.revision ?? null, policy]);
  } catch (error) {
    if (error instanceof CallRefused) return "refused";
    // An outage, or a document that does not parse: nobody is told of a change that nobody can see yet.
    return seen;
  }
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
