import { FetchFailed, readText } from "./bounded-fetch.ts";
import { type EgressRules, findUrlFlaw } from "./url-policy.ts";

export interface TextRequest {
  readonly url: string;
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** Of the answer's body; 0 when nobody will read it. */
  readonly maximumBytes: number;
  /** For the whole exchange, the body included. */
  readonly milliseconds: number;
}

export interface TextAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** The way out for small texts, and what it lets through. */
export interface Egress {
  readonly rules: EgressRules;
  /** @throws FetchFailed */
  readonly exchange: (request: TextRequest) => Promise<TextAnswer>;
}

/** Any status is an answer but a redirect, which would take a secret along to wherever it points. */
export function openEgress(rules: EgressRules): Egress {
  return { rules, exchange: (request) => exchange(request, rules) };
}

async function exchange(request: TextRequest, rules: EgressRules): Promise<TextAnswer> {
  if (findUrlFlaw(request.url, rules) !== null) throw new FetchFailed("url");
  const response = await send(request);
  const { status, headers } = response;
  const isRedirect = status >= 300 && status < 400;
  if (isRedirect || request.maximumBytes === 0) await response.body?.cancel();
  if (isRedirect) throw new FetchFailed("redirect", status);
  return { status, headers, text: request.maximumBytes === 0 ? "" : await readText(response, request.maximumBytes) };
}

async function send({ url, method, headers, body, milliseconds }: TextRequest): Promise<Response> {
  const signal = AbortSignal.timeout(milliseconds);
  try {
    return await fetch(url, { method, headers, body, signal, redirect: "manual", cache: "no-store" });
  } catch {
    throw new FetchFailed("unreachable");
  }
}
