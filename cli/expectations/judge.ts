import { formatScope, parseScope } from "../../src/policy/scope.ts";
import { explainRedemption } from "../../src/explain/explanation.ts";
import type { RehearsalRequest, RehearsalWorld } from "../../src/explain/rehearsal.ts";
import { type ExplainedCall, explainCall } from "../explain/explain-call.ts";
import { type ExplainedInWords, inWords } from "../explain/in-words.ts";
import type { Expectation } from "./expectation.ts";

export interface Judged {
  readonly name: string;
  readonly passed: boolean;
  /** What came instead; null when it passed. */
  readonly instead: string | null;
  readonly explained: ExplainedInWords | ExplainedCall;
}

/** Redeems what the expectation describes under these documents, and compares. */
export async function judge(expectation: Expectation, world: RehearsalWorld, nowSeconds: number): Promise<Judged> {
  const { iat } = expectation.claims;
  const request: RehearsalRequest = {
    stated: { header: null, claims: expectation.claims },
    clientId: expectation.client,
    resource: expectation.resource ?? null,
    scope: expectation.scope ?? null,
    authorizationDetails:
      expectation.authorization_details === undefined ? null : JSON.stringify(expectation.authorization_details),
    provesKey: expectation.dpop,
    nowSeconds: typeof iat === "number" ? iat : nowSeconds,
  };
  if (expectation.call !== undefined) {
    const call = await explainCall(request, expectation.call, world);
    const instead = callDifferenceOf(expectation, call);
    return { name: expectation.name, passed: instead === null, instead, explained: call };
  }
  const explained = inWords(await explainRedemption(request, world));
  const instead = differenceOf(expectation, explained);
  return { name: expectation.name, passed: instead === null, instead, explained };
}

/** A failure of ours is neither granted nor refused: no expectation is met by it. */
function differenceOf({ expect, granted_scope, reason }: Expectation, explained: ExplainedInWords): string | null {
  const { decision, meaning, scope_granted } = explained;
  if (decision !== expect) {
    return decision === "granted"
      ? `granted ${scope_granted ?? ""}`
      : `${decision}: ${explained.reason ?? ""}: ${meaning}`;
  }
  if (reason !== undefined && explained.reason !== reason) return `refused for ${explained.reason ?? ""}: ${meaning}`;
  if (granted_scope !== undefined && !isSameScope(granted_scope, scope_granted))
    return `granted ${scope_granted ?? ""}`;
  return null;
}

function callDifferenceOf({ expect, reason }: Expectation, call: ExplainedCall): string | null {
  const { decision, meaning } = call;
  if (decision === expect && (reason === undefined || call.reason === reason)) return null;
  return call.reason === null ? `${decision}: ${meaning}` : `${decision}: ${call.reason}: ${meaning}`;
}

function isSameScope(expected: string, granted: string | null): boolean {
  const scope = parseScope(expected);
  return scope !== null && formatScope(scope) === granted;
}
