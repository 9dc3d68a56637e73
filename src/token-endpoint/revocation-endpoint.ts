import { verifyAccessToken } from "../access-token/verify.ts";
import { makeAuditEvent } from "../audit/audit-event.ts";
import { respondEmpty } from "../http/respond.ts";
import type { KeySet } from "../jwt/verify.ts";
import { LIMITS } from "../limits.ts";
import { block, type Fence } from "../revocation/fence.ts";
import { fenceName } from "../revocation/fence-names.ts";
import { answerClient, type ClientRequest, type ClientRequestDependencies } from "./client-request.ts";

export interface RevocationEndpointDependencies extends ClientRequestDependencies {
  readonly keys: KeySet;
  /** Durable when it returns. @throws Outage */
  readonly join: (fences: readonly Fence[]) => Promise<unknown>;
}

/** RFC 7009: a client ends a token of its own. Whatever else it sends is answered the same, and changes nothing. */
export function handleRevocationRequest(request: Request, uses: RevocationEndpointDependencies): Promise<Response> {
  return answerClient(request, uses, async (asked, headers) => {
    await end(asked, uses);
    return respondEmpty(200, headers);
  });
}

/** For whichever resource it is: what counts is that we signed it, and for this client. */
async function end(
  { token, client, trace, nowSeconds }: ClientRequest,
  uses: RevocationEndpointDependencies,
): Promise<void> {
  const expected = { issuer: uses.issuer, audience: null, nowSeconds };
  const { token: known, refusal } = await verifyAccessToken(token, uses.keys, expected);
  if (known === null || refusal !== null || known.clientId !== client.client_id) return;
  const word = { atMilliseconds: nowSeconds * 1000, isBlocked: true };
  const fence = block(fenceName("token", known.tokenId), "operator", word);
  const keptUntilSeconds = known.expiresAtSeconds + LIMITS.clockToleranceMaximumSeconds;
  await uses.join([{ ...fence, expiresAtMilliseconds: keptUntilSeconds * 1000 }]);
  const { tokenId: token_id, principal, organization, subject } = known;
  const facts = { token_id, principal, organization, issuer: subject.issuer, subject: subject.sub };
  await uses.recorder.record(
    makeAuditEvent(crypto.randomUUID(), trace, {
      ...facts,
      type: "revocation",
      action: "revoked",
      decision: "done",
      reason: "client_request",
      client_id: client.client_id,
    }),
  );
}
