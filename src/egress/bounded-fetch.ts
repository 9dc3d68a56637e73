import { decodeUtf8 } from "../jwt/strict-json.ts";
import { withinDeadline } from "./deadline.ts";
import { type EgressRules, findUrlFlaw } from "./url-policy.ts";

export type FetchFlaw = "url" | "unreachable" | "redirect" | "status" | "too_large" | "not_text";

export class FetchFailed extends Error {
  override readonly name = "FetchFailed";
  readonly flaw: FetchFlaw;
  /** Of an answer that was not 200; null where there was none. */
  readonly status: number | null;
  constructor(flaw: FetchFlaw, status: number | null = null) {
    super(flaw);
    this.flaw = flaw;
    this.status = status;
  }
}

export interface Bounds {
  readonly bytes: number;
  /** For the whole exchange, the body included: one byte a second is no way around it. */
  readonly milliseconds: number;
  readonly rules: EgressRules;
}

/** What is asked with; a plain GET when absent. */
export interface Question {
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

const PLAIN: Question = { method: "GET", headers: { accept: "application/json" }, body: null };

/** `fetchDocument` for who needs nothing but the text. @throws FetchFailed */
export async function fetchText(url: string, bounds: Bounds): Promise<string> {
  return (await fetchDocument(url, bounds)).text;
}

export interface FetchedText {
  readonly text: string;
  readonly headers: Headers;
}

/**
 * Gets a small document and trusts nothing about it: checked URL, no redirects, 200 only, a cap on the decoded bytes,
 * one deadline, and never a cached copy (an edge cache would serve a removed key).
 * @throws FetchFailed with a reason and no word of what the other side said, so that it cannot serve as a read primitive.
 */
export async function fetchDocument(url: string, bounds: Bounds, question = PLAIN): Promise<FetchedText> {
  if (findUrlFlaw(url, bounds.rules) !== null) throw new FetchFailed("url");
  const signal = AbortSignal.timeout(bounds.milliseconds);
  const response = await ask(url, signal, question);
  if (response.status !== 200) {
    await response.body?.cancel();
    const { status } = response;
    throw new FetchFailed(status >= 300 && status < 400 ? "redirect" : "status", status);
  }
  return { text: await readText(response, bounds.bytes), headers: response.headers };
}

async function ask(url: string, signal: AbortSignal, { body, ...question }: Question): Promise<Response> {
  const init = { ...question, ...(body === null ? {} : { body }) };
  try {
    return await fetch(url, { ...init, redirect: "manual", signal, cache: "no-store" });
  } catch {
    throw new FetchFailed("unreachable");
  }
}

/** @throws FetchFailed */
export async function readText(response: Response, limitBytes: number): Promise<string> {
  const bytes = await readAtMost(response.body, limitBytes).catch(() => {
    throw new FetchFailed("unreachable");
  });
  if (bytes === null) throw new FetchFailed("too_large");
  try {
    return decodeUtf8(bytes);
  } catch {
    throw new FetchFailed("not_text");
  }
}

/** @returns the whole body, or null as soon as it exceeds `limitBytes`; the rest is never read. */
export async function readAtMost(
  body: ReadableStream<Uint8Array> | null,
  limitBytes: number,
): Promise<Uint8Array | null> {
  return body === null ? new Uint8Array() : collect(body.getReader(), { limitBytes, statedBytes: null });
}

interface Size {
  readonly limitBytes: number;
  /** HTTP holds a body to the length that it states, so nothing is to be waited for after that. */
  readonly statedBytes: number | null;
}

async function collect(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  { limitBytes, statedBytes }: Size,
): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  while (length <= limitBytes) {
    // oxlint-disable-next-line no-await-in-loop -- a body comes one chunk after another
    const { done, value } = await reader.read();
    if (done) return concatenate(chunks, length);
    length += value.length;
    chunks.push(value);
    if (length === statedBytes) return concatenate(chunks, length);
  }
  await reader.cancel();
  return null;
}

/**
 * The body of a request whose sender may dawdle on purpose, and is let go of then.
 * @returns null when it is larger than `limitBytes`. @throws when it is not there in time
 */
export async function readBody(
  { body, headers }: { readonly body: ReadableStream<Uint8Array> | null; readonly headers: Headers },
  limitBytes: number,
  milliseconds: number,
): Promise<Uint8Array | null> {
  const statedBytes = Number(headers.get("content-length") ?? Number.NaN);
  if (statedBytes > limitBytes) return null;
  if (body === null) return new Uint8Array();
  const reader = body.getReader();
  const whole = withinDeadline(collect(reader, { limitBytes, statedBytes }), milliseconds);
  return whole.catch((error: unknown) => {
    reader.cancel().catch(() => undefined);
    throw error;
  });
}

function concatenate(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const [only] = chunks;
  if (chunks.length === 1 && only !== undefined) return only;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
