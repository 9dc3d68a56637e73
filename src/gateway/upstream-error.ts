import { readBody } from "../egress/bounded-fetch.ts";
import { LIMITS } from "../limits.ts";

interface Ours {
  readonly upstream: string;
  /** As it was presented. */
  readonly credential: ReadonlyMap<string, string>;
}

/** Shorter ones are words that an error may well hold. */
const TELLING_CHARACTERS = 8;

/**
 * An error as the upstream puts it, for its client to act on; its status alone where its words would tell what we presented
 * or where it is. Servers that fail like to print the request that they failed at.
 */
export async function quoteError(response: Response, ours: Ours): Promise<Response> {
  const { status, headers } = response;
  const text = await readError(response);
  if (text !== null && !tellsOurs(text, ours)) return new Response(text, { status, headers: withoutLength(headers) });
  const described = withoutLength(headers);
  described.delete("content-type");
  return new Response(null, { status, headers: described });
}

/** @returns null for what is too long, too slow or no text of one piece */
async function readError({ headers, body }: Response): Promise<string | null> {
  if (headers.get("content-type")?.toLowerCase().startsWith("application/json") !== true) {
    await body?.cancel();
    return null;
  }
  const whole = readBody({ headers, body }, LIMITS.upstreamErrorBytes, LIMITS.upstreamErrorMilliseconds);
  const bytes = await whole.catch(() => null);
  return bytes === null ? null : new TextDecoder().decode(bytes);
}

function tellsOurs(text: string, { upstream, credential }: Ours): boolean {
  const values = [...credential.values()].flatMap((value) => [value, value.replace(/^\S+ /, "")]);
  const secrets = values.filter((value) => value.length >= TELLING_CHARACTERS);
  return [new URL(upstream).hostname, ...secrets].some(
    (word) => text.includes(word) || text.includes(JSON.stringify(word).slice(1, -1)),
  );
}

function withoutLength(headers: Headers): Headers {
  const described = new Headers(headers);
  described.delete("content-length");
  return described;
}
