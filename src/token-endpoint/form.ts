import { readBody } from "../egress/bounded-fetch.ts";
import { LIMITS } from "../limits.ts";
import { Rejected } from "../redemption/rejection.ts";

/** Each parameter once. A parameter without a value counts as absent (RFC 6749 §3.1). */
export type Form = ReadonlyMap<string, string>;

const MEDIA_TYPE = /^application\/x-www-form-urlencoded(?:\s*;\s*charset="?utf-8"?)?$/i;

/** RFC 6749 §3.2: one media type, one size, UTF-8, and no parameter twice, known or not. @throws Rejected */
export async function readForm(request: Request): Promise<Form> {
  if (!MEDIA_TYPE.test(request.headers.get("content-type") ?? "")) throw new Rejected("media_type_not_form");
  const body = await readBody(request, LIMITS.requestBodyBytes, LIMITS.requestBodyMilliseconds).catch(() => {
    // A client that hangs up half-way sent no form; that is no fault of ours.
    throw new Rejected("form_malformed");
  });
  if (body === null) throw new Rejected("body_too_large");
  return parseForm(decodeText(body));
}

// As it came: a byte order mark is no part of a form and must not be dropped in silence.
const utf8 = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });

/** Anything else than ASCII must be percent-encoded in this media type. */
function decodeText(body: Uint8Array): string {
  const text = utf8.decode(body);
  if (!/^[\x20-\x7e]*$/.test(text)) throw new Rejected("form_malformed");
  return text;
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
