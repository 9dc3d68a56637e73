import { readInTime } from "../egress/bounded-fetch.ts";
import { LIMITS } from "../limits.ts";
import { Rejected } from "../redemption/rejection.ts";

/** Each parameter once. A parameter without a value counts as absent (RFC 6749 §3.1). */
export type Form = ReadonlyMap<string, string>;

const MEDIA_TYPE = /^application\/x-www-form-urlencoded(?:\s*;\s*charset="?utf-8"?)?$/i;

/** RFC 6749 §3.2: one media type, one size, UTF-8, and no parameter twice, known or not. @throws Rejected */
export async function readForm(request: Request): Promise<Form> {
  if (!MEDIA_TYPE.test(request.headers.get("content-type") ?? "")) throw new Rejected("media_type_not_form");
  const declaredBytes = Number(request.headers.get("content-length") ?? 0);
  if (declaredBytes > LIMITS.requestBodyBytes) throw new Rejected("body_too_large");
  const body = await readBody(request);
  return parseForm(body);
}

/** A client that hangs up half-way sent no form; that is no fault of ours. */
async function readBody(request: Request): Promise<string> {
  const bytes = await readInTime(request.body, LIMITS.requestBodyBytes, LIMITS.requestBodyMilliseconds).catch(() => {
    throw new Rejected("form_malformed");
  });
  if (bytes === null) throw new Rejected("body_too_large");
  // Anything else than ASCII must be percent-encoded in this media type.
  if (bytes.some((byte) => byte > 0x7e || byte < 0x20)) throw new Rejected("form_malformed");
  return new TextDecoder().decode(bytes);
}

export function parseForm(body: string): Form {
  const form = new Map<string, string>();
  const pairs = body.split("&").filter((pair) => pair !== "");
  if (pairs.length > LIMITS.formParameters) throw new Rejected("form_malformed");
  const names = new Set<string>();
  for (const pair of pairs) {
    const [name, value] = decodePair(pair);
    if (names.has(name)) throw new Rejected("parameter_repeated");
    names.add(name);
    if (value !== "") form.set(name, value);
  }
  return form;
}

function decodePair(pair: string): [string, string] {
  const at = pair.indexOf("=");
  const name = decodeFormComponent(at === -1 ? pair : pair.slice(0, at));
  const value = decodeFormComponent(at === -1 ? "" : pair.slice(at + 1));
  if (name === null || value === null) throw new Rejected("form_malformed");
  return [name, value];
}

/** @returns null where URLSearchParams would quietly repair: a stray percent sign, bytes that are not UTF-8. */
export function decodeFormComponent(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return null;
  }
}
