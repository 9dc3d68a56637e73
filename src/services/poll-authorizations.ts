import * as z from "zod";
import { ConfigInvalid } from "../config.ts";
import { LIMITS } from "../limits.ts";

/** Of each provider, the Authorization header with which its events are fetched: as its stream was set up. */
const authorizationsSchema = z.record(
  z.string().max(LIMITS.urlBytes),
  z.string().regex(/^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/),
);

/** A secret that only those set who fetch. @throws ConfigInvalid without a word of it */
export function pollAuthorizations(env: object): ReadonlyMap<string, string> {
  const text: unknown = (env as { readonly SIGNAL_POLL_AUTHORIZATIONS?: unknown }).SIGNAL_POLL_AUTHORIZATIONS;
  if (text === undefined || text === "") return new Map();
  const parsed = authorizationsSchema.safeParse(readJson(text));
  if (parsed.success) return new Map(Object.entries(parsed.data));
  throw new ConfigInvalid('SIGNAL_POLL_AUTHORIZATIONS must be JSON: {"<issuer>": "Bearer …"}');
}

function readJson(text: unknown): unknown {
  try {
    return typeof text === "string" ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}
