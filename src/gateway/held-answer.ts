import { respondJson } from "../http/respond.ts";
import { LIMITS } from "../limits.ts";
import type { MessageId } from "./message.ts";
import type { Held } from "./refusal.ts";

/** MCP 2025-11-25: the request needs its user to go to a URL first. */
const URL_ELICITATION_REQUIRED = -32_042;

/**
 * What a client hears of a call that a person must approve. A denial is the tool's answer whoever asks; a hold leads the
 * user to a page where the client can do that, and is else the tool's answer too: an error, so that no model takes it for
 * the result.
 */
export function respondHeld(held: Held, id: MessageId): Response {
  if (held.state === "denied" || held.form === "tool_error") return respondTool(held, id);
  const elicitation = { mode: "url", message: sentenceOf(held), url: held.url } as const;
  if (held.form === "input_required") {
    const inputRequests = { crossgate_approval: { method: "elicitation/create", params: elicitation } };
    const { requestState } = held;
    return respond(id, { result: { resultType: "input_required", inputRequests, requestState } });
  }
  const data = { elicitations: [{ ...elicitation, elicitationId: held.id }] };
  return respond(id, { error: { code: URL_ELICITATION_REQUIRED, message: sentenceOf(held), data } });
}

function respondTool(held: Held, id: MessageId): Response {
  const { state, expiresAtMilliseconds, isStateless } = held;
  const approval = {
    id: held.id,
    state,
    expires_at: new Date(expiresAtMilliseconds).toISOString(),
    ...(state === "pending" ? { retry_after_seconds: LIMITS.approvalRetrySeconds } : {}),
  };
  const result = {
    ...(isStateless ? { resultType: "complete" } : {}),
    content: [{ type: "text", text: sentenceOf(held) }],
    isError: true,
    _meta: { "crossgate/approval": approval },
  };
  return respond(id, { result });
}

function sentenceOf({ state, id, expiresAtMilliseconds }: Held): string {
  const until = new Date(expiresAtMilliseconds).toISOString();
  if (state === "denied") return `An approver has denied this call (approval ${id}). Do not repeat it before ${until}.`;
  return (
    `Held for approval, id ${id}: a person has to approve this call by ${until}. It has not been made. ` +
    `Ask again with the same arguments after ${LIMITS.approvalRetrySeconds} seconds.`
  );
}

function respond(id: MessageId, members: object): Response {
  return respondJson(200, { jsonrpc: "2.0", id, ...members });
}
