import { LIMITS } from "../limits.ts";

/**
 * Ends a body in good order when `isOver` says so, or when it cannot say: a stream that nobody can end must not go on.
 * A client of either era takes the end of a stream for a lost connection, comes back, and is told why by its next answer.
 */
export function endWhen(response: Response, isOver: () => Promise<boolean>): Response {
  const { body, status, headers } = response;
  let timer: ReturnType<typeof setTimeout> | null = null;
  let isOpen = true;
  const stop = (): void => {
    isOpen = false;
    clearTimeout(timer);
  };
  const watched = new TransformStream<Uint8Array, Uint8Array>({
    start(controller) {
      const look = async (): Promise<void> => {
        const isDone = await isOver().catch(() => true);
        if (!isOpen) return;
        if (isDone) controller.terminate();
        else watch();
      };
      const watch = (): void => {
        timer = setTimeout(() => void look(), LIMITS.streamWatchMilliseconds);
      };
      watch();
    },
    flush: stop,
    cancel: stop,
  });
  return new Response(body?.pipeThrough(watched) ?? null, { status, headers });
}

/** Does something once when a body has been read, when its reader goes, and when it breaks. */
export function whenEnded(response: Response, end: () => void, outlast: (work: Promise<unknown>) => void): Response {
  const { body, status, headers } = response;
  if (body === null) {
    end();
    return response;
  }
  const watched = new TransformStream<Uint8Array, Uint8Array>({ flush: end, cancel: end });
  const piped = body.pipeTo(watched.writable);
  // A server that breaks off ends neither by flush nor by cancel.
  outlast(piped.catch(end));
  return new Response(watched.readable, { status, headers });
}
