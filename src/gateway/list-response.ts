import { readBody } from "../egress/bounded-fetch.ts";
import { parseLossless } from "../jwt/lossless-json.ts";
import { decodeUtf8 } from "../jwt/strict-json.ts";
import { LIMITS } from "../limits.ts";
import { parseDefinitions } from "../trust/tool-definition.ts";
import { filterMessage, type Viewer } from "./list-result.ts";
import { isEventStream, rewriteEventBody } from "./message-stream.ts";
import { CallRefused } from "./refusal.ts";

/**
 * An upstream's answer without what the caller may not use, whether it comes as one message or as a stream of them.
 * @throws CallRefused for a list that is too long or cannot be read; a stream ends there
 */
export async function filterResponse(response: Response, viewer: Viewer): Promise<Response> {
  if (response.body === null) return response;
  const rewrite = (data: string): string | Promise<string | null> => filterEvent(data, viewer);
  const body = isEventStream(response)
    ? rewriteEventBody(response.body, rewrite, LIMITS.listResultBytes)
    : await filterText(response, viewer);
  return new Response(body, { status: response.status, headers: response.headers });
}

async function filterText({ body, status }: Response, viewer: Viewer): Promise<string> {
  // Without its headers: the length that they state may be that of a compressed body.
  const unstated = { body, headers: new Headers() };
  const bytes = await readBody(unstated, LIMITS.listResultBytes, LIMITS.upstreamAnswerMilliseconds).catch(() => {
    throw new CallRefused("upstream_unreachable", { upstreamStatus: status });
  });
  const filtered = bytes === null ? null : await filterData(decode(bytes), viewer);
  if (filtered === null) throw new CallRefused("upstream_list_malformed", { upstreamStatus: status });
  return filtered;
}

/** What has no result is no list, and costs nothing; an escape could spell one, and so could another case to some clients. */
const MAY_BE_RESULT = /"result"|\\u/iu;

function filterEvent(data: string, viewer: Viewer): string | Promise<string | null> {
  if (data.includes("list_changed")) viewer.tools?.forget(viewer.upstreamSessionId);
  return MAY_BE_RESULT.test(data) ? filterData(data, viewer) : data;
}

async function filterData(data: string, viewer: Viewer): Promise<string | null> {
  try {
    const parsed = viewer.tools?.holdsBack === true ? parseDefinitions(data) : parseLossless(data);
    const message = await filterMessage(parsed, viewer);
    return message === null ? null : JSON.stringify(message);
  } catch {
    return null;
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return decodeUtf8(bytes);
  } catch {
    // No JSON, which is said there.
    return "";
  }
}

export type { Viewer } from "./list-result.ts";
