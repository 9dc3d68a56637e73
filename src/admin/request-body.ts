import { readBody as readBounded } from "../egress/bounded-fetch.ts";
import { encodeBase64url } from "../jwt/base64url.ts";
import { AmbiguousJson, decodeUtf8, type JsonObject, parseStrictObject } from "../jwt/strict-json.ts";
import { LIMITS } from "../limits.ts";
import { DOCUMENT_BOUNDS } from "../trust/documents.ts";
import { AdminRejected } from "./rejection.ts";

/** Bounded in size and time. @throws AdminRejected */
export async function readBody(request: Request): Promise<Uint8Array> {
  const bytes = await readBounded(request, LIMITS.adminBodyBytes, LIMITS.requestBodyMilliseconds).catch(() => {
    throw new AdminRejected("admin_request_malformed", { explanation: "the body did not arrive" });
  });
  if (bytes === null) throw new AdminRejected("admin_body_too_large");
  return bytes;
}

export async function digestBody(bytes: Uint8Array): Promise<string> {
  // A copy: what arrives may sit in a buffer that is larger than it.
  return encodeBase64url(new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.from(bytes))));
}

/** Read strictly, as a document will be; null where there is none. @throws AdminRejected */
export function parseBody(bytes: Uint8Array): { readonly text: string; readonly value: JsonObject | null } {
  if (bytes.length === 0) return { text: "", value: null };
  try {
    const text = decodeUtf8(bytes);
    return { text, value: parseStrictObject(text, DOCUMENT_BOUNDS) };
  } catch (error) {
    if (!(error instanceof AmbiguousJson)) throw error;
    throw new AdminRejected("admin_request_malformed", { explanation: `the body: ${error.message}` });
  }
}
