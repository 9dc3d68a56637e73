import { spellCanonically } from "../jwt/canonical-json.ts";
import { isObject, type JsonObject } from "../jwt/strict-json.ts";
import { isForwardedParameter } from "./forward.ts";
import type { Message } from "./message.ts";

/** Of `_meta`, what names one try of a call and nothing that it does: MCP's progress token, W3C Trace Context. */
const OF_ONE_TRY: ReadonlySet<string> = new Set(["progressToken", "traceparent", "tracestate"]);

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
  const lasting = Object.entries(meta).filter(([name]) => !OF_ONE_TRY.has(name));
  return lasting.length === 0 ? others : { ...others, _meta: Object.fromEntries(lasting) };
}
