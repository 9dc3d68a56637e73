import { FetchFailed } from "../egress/bounded-fetch.ts";
import type { Egress, TextAnswer, TextRequest } from "../egress/exchange.ts";
import { AmbiguousJson, type JsonObject, parseStrictObject } from "../jwt/strict-json.ts";
import { LIMITS } from "../limits.ts";
import { OAuthFailure } from "./oauth-failure.ts";

const ANSWER_BOUNDS = { depth: 8, members: 2048, foldCaseDepth: 0 };

/** Statuses by which a host says that it could not answer, not what the answer is. */
const NOT_NOW: readonly number[] = [408, 425, 429];

/** @throws OAuthFailure where there is no answer to judge: none came, or one that says that it is none. */
export async function ask(
  request: Pick<TextRequest, "url" | "method" | "headers" | "body"> & Partial<TextRequest>,
  { exchange }: Egress,
): Promise<TextAnswer> {
  const bounds = { maximumBytes: LIMITS.oauthAnswerBytes, milliseconds: LIMITS.oauthAnswerMilliseconds };
  const answer = await exchange({ ...bounds, ...request }).catch((error: unknown) => {
    // Nothing was sent to an address that we do not contact.
    throw error instanceof FetchFailed ? new OAuthFailure(flawOf(error), { isRefusal: error.flaw === "url" }) : error;
  });
  if (answer.status >= 500 || NOT_NOW.includes(answer.status)) {
    throw new OAuthFailure("unavailable", { isRefusal: true });
  }
  return answer;
}

function flawOf({ flaw }: FetchFailed): "address" | "unavailable" | "answer_malformed" {
  if (flaw === "url") return "address";
  return flaw === "unreachable" ? "unavailable" : "answer_malformed";
}

/** @returns null for what is not one JSON object that every parser reads alike, or does not say that it is JSON */
export function readJsonAnswer({ headers, text }: TextAnswer): JsonObject | null {
  const [type = ""] = (headers.get("content-type") ?? "").split(";");
  if (type.trim().toLowerCase() !== "application/json") return null;
  try {
    return parseStrictObject(text, ANSWER_BOUNDS);
  } catch (error) {
    if (error instanceof AmbiguousJson) return null;
    throw error;
  }
}
