import { rewriteEvents, type RewriteData, stripByteOrderMarks, unifyLineEnds } from "./event-stream.ts";

/** A body of server-sent events, read strictly and written anew event by event, each as one chunk. */
export function rewriteEventBody(
  body: ReadableStream<Uint8Array>,
  rewrite: RewriteData,
  limitCharacters: number,
): ReadableStream<Uint8Array> {
  return body
    .pipeThrough(
      new TextDecoderStream("utf-8", { fatal: true, ignoreBOM: true }) as ReadableWritablePair<string, Uint8Array>,
    )
    .pipeThrough(stripByteOrderMarks())
    .pipeThrough(unifyLineEnds())
    .pipeThrough(rewriteEvents(rewrite, limitCharacters))
    .pipeThrough(new TextEncoderStream());
}

export function isEventStream({ headers }: Pick<Response, "headers">): boolean {
  return /^text\/event-stream\b/i.test(headers.get("content-type") ?? "");
}
