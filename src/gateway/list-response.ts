import { readBody } from "../egress/bounded-fetch.ts";
import { decodeUtf8 } from "../jwt/strict-json.ts";
import { LIMITS } from "../limits.ts";
import type { Caller } from "./authorization.ts";
import { rewriteEvents, stripByteOrderMarks, unifyLineEnds } from "./event-stream.ts";
import { filterMessage } from "./list-result.ts";
import { parseLossless } from "./lossless-json.ts";
import { CallRefused } from "./refusal.ts";

/**
 * An upstream's answer without what the caller may not use, whether it comes as one message or as a stream of them.
 * @throws CallRefused for a list that is too long or cannot be read; a stream ends there
 */
export async function filterResponse(response: Response, caller: Caller): Promise<Response> {
  if (response.body === null) return response;
  const isStream = /^text\/event-stream\b/i.test(response.headers.get("content-type") ?? "");
  const body = isStream ? filterStream(response.body, caller) : await filterText(response, caller);
  return new Response(body, { status: response.status, headers: response.headers });
}

async function filterText({ body, status }: Response, caller: Caller): Promise<string> {
  // Without its headers: the length that they state may be that of a compressed body.
  const unstated = { body, headers: new Headers() };
  const bytes = await readBody(unstated, LIMITS.listResultBytes, LIMITS.upstreamAnswerMilliseconds).catch(() => {
    throw new CallRefused("upstream_unreachable", { upstreamStatus: status });
  });
  const filtered = bytes === null ? null : filterData(decode(bytes), caller);
  if (filtered === null) throw new CallRefused("upstream_list_malformed", { upstreamStatus: status });
  return filtered;
}

function filterStream(body: ReadableStream<Uint8Array>, caller: Caller): ReadableStream<Uint8Array> {
  return body
    .pipeThrough(new TextDecoderStream("utf-8", { fatal: true, ignoreBOM: true }))
    .pipeThrough(stripByteOrderMarks())
    .pipeThrough(unifyLineEnds())
    .pipeThrough(rewriteEvents((data) => filterEvent(data, caller), LIMITS.listResultBytes))
    .pipeThrough(new TextEncoderStream());
}

/** What has no result is no list, and costs nothing; an escape could spell one. */
function filterEvent(data: string, caller: Caller): string | null {
  return data.includes('"result"') || data.includes("\\u") ? filterData(data, caller) : data;
}

function filterData(data: string, caller: Caller): string | null {
  try {
    const message = filterMessage(parseLossless(data), caller);
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
