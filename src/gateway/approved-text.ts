import { spellCanonically } from "../jwt/canonical-json.ts";
import { isObject, type JsonObject } from "../jwt/strict-json.ts";
import { isForwardedParameter } from "./forward.ts";
import type { Message } from "./message.ts";
import { lastingMeta } from "./request-meta.ts";

/**
 * What an approval is for, as one text: it is shown, digested and bound, and no parameter goes to the server that is not in
 * it, but for what changes from try to try. In canonical JSON (RFC 8785), so that only another call has another text.
 */
export function spellApproved({ params }: Message, headers: Headers): string {
  const repeated = Object.fromEntries([...headers].filter(([name]) => isForwardedParameter(name)));
  const isRepeated = Object.keys(repeated).length > 0;
  return spellCanonically({ ...(isRepeated ? { headers: repeated } : {}), params: withoutTry(params) });
}

function withoutTry(params: JsonObject): JsonObject {
  const { _meta: meta, ...others } = params;
  if (!isObject(meta)) return params;
  const lasting = lastingMeta(meta);
  return lasting === null ? others : { ...others, _meta: lasting };
}
