import { FetchFailed, type FetchFlaw } from "../../src/egress/bounded-fetch.ts";
import type { Egress, TextAnswer, TextRequest } from "../../src/egress/exchange.ts";
import { findUrlFlaw } from "../../src/egress/url-policy.ts";

export const RULES = { ownHost: "crossgate.example", allowsLoopback: false };

export interface ScriptedEgress extends Egress {
  readonly requests: TextRequest[];
}

type Answer = TextAnswer | FetchFlaw;

/** The other side as a table from URL to answer, 404 for the rest; what was asked of it stays to be looked at. */
export function scriptedEgress(answers: Readonly<Record<string, Answer | (() => Answer)>>): ScriptedEgress {
  const requests: TextRequest[] = [];
  const exchange = async (request: TextRequest): Promise<TextAnswer> => {
    requests.push(request);
    if (findUrlFlaw(request.url, RULES) !== null) throw new FetchFailed("url");
    const scripted = answers[request.url] ?? json({ error: "not_found" }, 404);
    const answer = typeof scripted === "function" ? scripted() : scripted;
    if (typeof answer === "string") throw new FetchFailed(answer);
    return answer;
  };
  return { rules: RULES, requests, exchange };
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): TextAnswer {
  return text(JSON.stringify(body), status, { "content-type": "application/json", ...headers });
}

export function text(body: string, status = 200, headers: Record<string, string> = {}): TextAnswer {
  return { status, headers: new Headers(headers), text: body };
}

export function formOf(request: TextRequest | undefined): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(request?.body ?? ""));
}
