import { FetchFailed } from "./bounded-fetch.ts";
import { readAtMost } from "./bounded-fetch.ts";
import { type EgressRules, findUrlFlaw } from "./url-policy.ts";

export interface Post {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface PostBounds {
  /** Of the answer; what is longer is not read. */
  readonly bytes: number;
  readonly milliseconds: number;
  readonly rules: EgressRules;
}

export interface Posted {
  readonly text: string;
}

/** The other side did not take it. */
export class PostRefused extends FetchFailed {
  /** How long it wants to be left alone; null where it does not say. */
  readonly retryAfterSeconds: number | null;
  constructor(status: number, retryAfterSeconds: number | null) {
    super(status >= 300 && status < 400 ? "redirect" : "status", status);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/**
 * Hands something over to an address that a person wrote down: checked, no redirects, one deadline, and an answer of
 * which no more is read than a few words. @throws FetchFailed, and PostRefused for any answer that is not 2xx
 */
export async function post(url: string, { headers, body }: Post, bounds: PostBounds): Promise<Posted> {
  if (findUrlFlaw(url, bounds.rules) !== null) throw new FetchFailed("url");
  const response = await send(url, { headers, body }, AbortSignal.timeout(bounds.milliseconds));
  if (!response.ok) {
    await response.body?.cancel().catch(() => undefined);
    throw new PostRefused(response.status, readRetryAfter(response.headers));
  }
  const bytes = await readAtMost(response.body, bounds.bytes).catch(() => {
    throw new FetchFailed("unreachable");
  });
  // What it has to say at length is of no use to us: it has said that it took it.
  return { text: bytes === null ? "" : new TextDecoder().decode(bytes) };
}

async function send(url: string, { headers, body }: Post, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, { method: "POST", redirect: "manual", signal, cache: "no-store", headers, body });
  } catch {
    throw new FetchFailed("unreachable");
  }
}

/** Seconds alone: a date would be of a clock that we do not know. */
function readRetryAfter(headers: Headers): number | null {
  const value = headers.get("retry-after") ?? "";
  return /^\d{1,6}$/.test(value) ? Number(value) : null;
}
