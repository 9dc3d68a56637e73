export interface UpstreamRequest {
  readonly method: string;
  readonly headers: Headers;
  readonly body: string | null;
  /** Aborts when the client hangs up; the upstream then sees a hang-up too. */
  readonly clientSignal: AbortSignal;
  /** For the response's headers; a body may stream for as long as it likes. */
  readonly answerWithinMilliseconds: number;
  readonly endsAtMilliseconds: number | null;
}

/** @returns the answer with its body unread, or null when there was none. Redirects are answers, never followed. */
export async function openUpstream(url: string, upstream: UpstreamRequest): Promise<Response | null> {
  // Who has already gone aborts nothing any more, and is not worth a call.
  if (upstream.clientSignal.aborted) return null;
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  upstream.clientSignal.addEventListener("abort", abort, { once: true });
  const patience = setTimeout(abort, upstream.answerWithinMilliseconds);
  try {
    const { method, headers, body } = upstream;
    const { signal } = controller;
    // no-store: an answer is for whoever holds this token, and an edge cache knows nothing of tokens.
    const response = await fetch(url, { method, headers, body, redirect: "manual", cache: "no-store", signal });
    return upstream.endsAtMilliseconds === null ? response : endAt(upstream.endsAtMilliseconds, response);
  } catch {
    return null;
  } finally {
    clearTimeout(patience);
  }
}

/**
 * Ends a body in good order when its time is up. It passes through our hands for that: one that the runtime passes on by
 * itself outlives the code that opened it, and with that code every timer.
 */
function endAt(milliseconds: number, response: Response): Response {
  const { body, status, headers } = response;
  const timed = new TransformStream<Uint8Array, Uint8Array>({
    start(controller) {
      setTimeout(() => controller.terminate(), Math.max(0, milliseconds - Date.now()));
    },
  });
  return new Response(body?.pipeThrough(timed) ?? null, { status, headers });
}
