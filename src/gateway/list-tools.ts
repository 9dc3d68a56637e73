import type { Json, JsonObject } from "../jwt/strict-json.ts";
import { LIMITS } from "../limits.ts";
import type { Forwarding } from "./forward.ts";
import { ask } from "./own-request.ts";
import { CallRefused } from "./refusal.ts";
import type { Sender } from "./upstream.ts";

/** The call that has to wait for the answer, and the revision of MCP that it is made in. */
interface Asking {
  readonly forwarding: Forwarding;
  /** null in the era of sessions. */
  readonly statelessVersion: string | null;
  readonly upstream: Sender;
  /** What one page may have; as much as any list when absent. */
  readonly pageBytes?: number;
  /** Whether a tool is of any concern; all are when absent. */
  readonly isWanted?: (tool: Json) => boolean;
}

/**
 * Asks the server for its whole list of tools in the caller's place: by the same credential, and in the caller's session
 * where there is one. @throws CallRefused, when it is not there in time or does not read
 */
export async function listTools(asking: Asking): Promise<readonly Json[]> {
  const signal = AbortSignal.timeout(LIMITS.toolListMilliseconds);
  const tools: Json[] = [];
  let count = 0;
  let cursor: Json | undefined;
  for (let page = 0; page < LIMITS.toolListPages; page += 1) {
    // oxlint-disable-next-line no-await-in-loop -- the next page begins where this one ends
    const result = await readPage(asking, cursor, signal);
    const listed = result["tools"];
    if (!Array.isArray(listed)) throw unknown();
    for (const tool of listed) if (asking.isWanted?.(tool) !== false) tools.push(tool);
    count += listed.length;
    if (count > LIMITS.listItems) throw unknown();
    cursor = result["nextCursor"];
    if (cursor === undefined || cursor === null) return tools;
  }
  throw unknown();
}

async function readPage(
  { forwarding, upstream, statelessVersion, pageBytes = LIMITS.listResultBytes }: Asking,
  cursor: Json | undefined,
  signal: AbortSignal,
): Promise<JsonObject> {
  const params = cursor === undefined ? {} : { cursor };
  const asked = {
    forwarding,
    upstream,
    method: "tools/list",
    params,
    statelessVersion,
    signal,
    answerBytes: pageBytes,
  };
  const { status, result } = await ask(asked).catch((error: unknown) => {
    throw isOfUpstream(error) ? unknown(error.upstreamStatus ?? undefined) : error;
  });
  // What tells a client of the era of sessions to start a new one must go on telling it.
  if (status === 404 && forwarding.upstreamSessionId !== null) throw new CallRefused("session_unknown");
  if (result === null) throw unknown(status);
  return result;
}

const OF_UPSTREAM = new Set<string>([
  "upstream_unreachable",
  "upstream_redirect",
  "upstream_refused",
  "upstream_scope_insufficient",
  "upstream_authentication_insufficient",
  "upstream_media_type",
]);

/** The server's fault; that there is no credential for it, or that the caller is gone, is to be told as it is. */
function isOfUpstream(error: unknown): error is CallRefused {
  return error instanceof CallRefused && OF_UPSTREAM.has(error.reason);
}

function unknown(upstreamStatus?: number): CallRefused {
  return new CallRefused("upstream_tools_unknown", upstreamStatus === undefined ? {} : { upstreamStatus });
}
