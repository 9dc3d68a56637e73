import type { JsonObject } from "../jwt/strict-json.ts";
import type { SealedTexts } from "../jwt/sealed-text.ts";
import { LIMITS } from "../limits.ts";
import { type Message, withParams } from "./message.ts";
import { CallRefused } from "./refusal.ts";

/** Whose call, of which server: what a state is sealed to. */
export interface Holder {
  readonly principal: string;
  readonly clientId: string;
  readonly resource: string;
}

export interface Returned {
  readonly message: Message;
  /** Whether its client has been told of the hold before. */
  readonly hasBeenHeld: boolean;
}

const PREFIX = "crossgate-held-1.";

/**
 * What a client brings back to a held call (MCP 2026-07-28, multi round-trip): sealed, and in it what the client would
 * have brought to the server in this very round, since ours takes its place. It permits nothing: whether the call may go
 * on is asked of the desk each time. @returns null where it would be too long
 */
export async function sealState(
  { target, params }: Message,
  holder: Holder,
  states: SealedTexts,
): Promise<string | null> {
  const { requestState, inputResponses } = params;
  const sealed = await states.seal(JSON.stringify({ requestState, inputResponses }), contextOf(target, holder));
  return sealed.length > LIMITS.heldStateCharacters ? null : `${PREFIX}${sealed}`;
}

/**
 * The message as its server is to see it: our state and the answers to our questions taken out, the server's own put
 * back. Any other state passes through as it is. @throws CallRefused for one that looks like ours and is not this caller's
 */
export async function openState(message: Message, holder: Holder, states: SealedTexts): Promise<Returned> {
  const { requestState: state, inputResponses: _ours, ...others } = message.params;
  if (message.method !== "tools/call" || typeof state !== "string" || !state.startsWith(PREFIX)) {
    return { message, hasBeenHeld: false };
  }
  const opened = await states.open(state.slice(PREFIX.length), contextOf(message.target, holder));
  if (opened === null) throw new CallRefused("message_malformed");
  const params = { ...others, ...(JSON.parse(opened) as JsonObject) };
  return { message: withParams(message, params), hasBeenHeld: true };
}

function contextOf(tool: string | null, { principal, clientId, resource }: Holder): string {
  return JSON.stringify([resource, principal, clientId, tool]);
}
