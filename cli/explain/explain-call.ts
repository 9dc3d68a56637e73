import { ACCESS_TOKEN_TYPE, claimsOf } from "../../src/access-token/issue.ts";
import { verifyAccessToken } from "../../src/access-token/verify.ts";
import type { ApprovalDemand } from "../../src/approval/approval.ts";
import { mostTelling } from "../../src/explain/explained-policy.ts";
import { explainRedemption } from "../../src/explain/explanation.ts";
import type { ExplainedRule } from "../../src/explain/explained.ts";
import { type RehearsalRequest, type RehearsalWorld, rehearse } from "../../src/explain/rehearsal.ts";
import { callRequestOf, identifyCaller } from "../../src/gateway/authorization.ts";
import { readClockSeconds } from "../../src/http/trace.ts";
import { operationOf } from "../../src/gateway/operation.ts";
import { parseMessage } from "../../src/gateway/message.ts";
import { CallRefused } from "../../src/gateway/refusal.ts";
import type { GuardOutcome } from "../../src/guardrails/guarded-call.ts";
import { encodeBase64url } from "../../src/jwt/base64url.ts";
import { readVerificationKey } from "../../src/jwt/json-web-key.ts";
import type { KeySet } from "../../src/jwt/verify.ts";
import { decideCall } from "../../src/policy/decide-call.ts";
import type { AccessTokenContents } from "../../src/redemption/sealed-access-token.ts";
import type { ForwardedServer, ProtectedResource } from "../../src/trust/protected-resource.ts";
import { findPublished } from "../../src/trust/virtual-server.ts";
import { type CallQuestion, messageOf } from "./call-question.ts";
import { explainCallRules } from "./call-rules.ts";
import { type ExplainedInWords, inWords } from "./in-words.ts";
import { describeReason, isReason } from "./reasons.ts";
import { type GatewayOutcome, rehearseCall } from "./rehearsed-gateway.ts";

/** Why a call goes to its server, waits for a person, or does not. */
export interface ExplainedCall {
  readonly decision: "forwarded" | "held" | "refused" | "failed";
  /** As it would be in the audit record; null for a call that goes on. */
  readonly reason: string | null;
  readonly meaning: string;
  readonly fix: string | null;
  readonly status: number | null;
  /** What the client is told to come back with. */
  readonly challenge: string | null;
  readonly policy_rules: readonly string[];
  /** Those that apply and those that come closest, in their order. */
  readonly rules: readonly ExplainedRule[];
  readonly guardrails: readonly (GuardOutcome & { readonly is_asked: boolean })[];
  /** By whom each rule that holds the call has it approved. */
  readonly approvers: readonly ApprovalDemand[];
  readonly not_checked: readonly string[];
  /** Of the token that the call needs first. */
  readonly token: ExplainedInWords;
}

const NOT_CHECKED = [
  "whether the server shows the tool as it was approved",
  "what the server answers",
  "rates and concurrency",
];

/**
 * The token that these claims would get, and then this call with it: through the Worker's own list of checks and the
 * gateway itself. The call is judged as of now.
 */
export async function explainCall(
  request: RehearsalRequest,
  question: CallQuestion,
  world: RehearsalWorld,
): Promise<ExplainedCall> {
  const token = inWords(await explainRedemption(request, world));
  const { known } = await rehearse(request, world);
  const { contents, resource } = known;
  if (token.decision !== "granted" || contents === undefined || resource === undefined) {
    const { decision, reason, meaning, fix, policy_rules, rules } = token;
    const outcome = decision === "failed" ? "failed" : "refused";
    return { ...NOTHING, decision: outcome, reason, meaning, fix, policy_rules, rules, token };
  }
  const reached = await findReached(resource, question, world);
  return { ...(await judgeCall({ contents, resource, reached, question, request, world })), token };
}

/** Where the call would go; null where that is no one server, or none at all, which the gateway then says. */
async function findReached(
  resource: ProtectedResource,
  question: CallQuestion,
  { store }: RehearsalWorld,
): Promise<ForwardedServer | null> {
  if (resource.virtual === undefined) return resource;
  const name = "tool" in question ? question.tool : question.params["name"];
  const published = typeof name === "string" ? findPublished(resource.virtual, name) : null;
  const found = published === null ? null : await store.find("resource", published.server);
  return found === null || found.document.virtual !== undefined ? null : found.document;
}

const NOTHING = { status: null, challenge: null, guardrails: [], approvers: [], not_checked: NOT_CHECKED };

interface Judging {
  readonly contents: AccessTokenContents;
  readonly resource: ProtectedResource;
  readonly reached: ForwardedServer | null;
  readonly question: CallQuestion;
  readonly request: RehearsalRequest;
  readonly world: RehearsalWorld;
}

async function judgeCall(judging: Judging): Promise<Omit<ExplainedCall, "token">> {
  const { reached, world } = judging;
  const { bearer, keys } = await signToken(judging);
  const { rules, isHeld } = await askPolicy(judging, { bearer, keys });
  const outcome = await rehearseCall(await requestWith(bearer, judging), { ...world, keys, reached, isHeld });
  const { event, held, status, challenge } = outcome;
  const reason = outcome.isSent ? null : (event?.reason ?? "message_malformed");
  return {
    decision: decisionOf(outcome),
    reason,
    ...wordsFor(reason),
    status: outcome.isSent ? null : status,
    challenge,
    policy_rules: event?.policy_rules ?? [],
    rules,
    guardrails: (event?.guardrails ?? []).map((one) => ({ ...one, is_asked: !outcome.notAsked.includes(one.name) })),
    approvers: held?.demands ?? [],
    not_checked: NOT_CHECKED,
  };
}

function decisionOf({ isSent, held, event }: GatewayOutcome): ExplainedCall["decision"] {
  if (isSent) return "forwarded";
  if (held !== null) return "held";
  return event?.decision === "failed" ? "failed" : "refused";
}

function wordsFor(reason: string | null): Pick<ExplainedCall, "meaning" | "fix"> {
  if (reason === null) return { meaning: "The call goes to the server.", fix: null };
  return isReason(reason) ? describeReason(reason) : { meaning: "A fault of Crossgate.", fix: "Please report it." };
}

interface Shown {
  readonly bearer: string;
  readonly keys: KeySet;
}

/** Says what the real one would, signed by a key that nobody else knows, and good for a minute from now on. */
async function signToken({ contents, world }: Judging): Promise<Shown> {
  const key = await world.keys.keyFor("ES256");
  const publicKey = readVerificationKey({ ...key.publicJwk, kid: "rehearsal" });
  if (typeof publicKey === "string") throw new TypeError(publicKey);
  const nowSeconds = readClockSeconds();
  const fresh = { ...contents, issuedAtSeconds: nowSeconds, expiresAtSeconds: nowSeconds + 60 };
  const header = { typ: ACCESS_TOKEN_TYPE, alg: "ES256", kid: "rehearsal" };
  return { bearer: await key.sign(header, claimsOf(fresh, world.issuer)), keys: { keys: [publicKey] } };
}

async function askPolicy({ resource, question, world }: Judging, { bearer, keys }: Shown) {
  const nowSeconds = readClockSeconds();
  const expected = { issuer: world.issuer, audience: resource.resource, nowSeconds };
  const { token } = await verifyAccessToken(bearer, keys, expected);
  if (token === null) throw new TypeError("a rehearsed token does not verify");
  try {
    const findPolicy = (organization: string) => world.store.find("policy", organization);
    const caller = await identifyCaller({ token, resource, nowSeconds }, { findPolicy });
    const asked = operationOf(parseMessage(new TextEncoder().encode(messageOf(question))));
    const operation = asked?.kind === "tool" ? ({ ...asked, tool: "to_be_learned" } as const) : asked;
    const call = callRequestOf(caller, operation);
    const decision = decideCall(caller.policy.document, call);
    const isHeld = decision.effect === "permit" && decision.obligations.some(({ approval }) => approval !== undefined);
    return { rules: mostTelling(explainCallRules(caller.policy.document, call)), isHeld };
  } catch (error) {
    // The gateway refuses it too, and says why.
    if (error instanceof CallRefused) return { rules: [], isHeld: false };
    throw error;
  }
}

/** As an agent would send it, with a proof of its key where the token is bound to one. */
async function requestWith(bearer: string, { resource, question, request, world }: Judging): Promise<Request> {
  const url = resource.resource;
  const proof = request.provesKey ? await proveKey(bearer, url, world) : null;
  const headers = {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    "mcp-protocol-version": "2025-11-25",
    authorization: `${proof === null ? "Bearer" : "DPoP"} ${bearer}`,
    ...(proof === null ? {} : { dpop: proof }),
  };
  return new Request(url, { method: "POST", headers, body: messageOf(question) });
}

async function proveKey(bearer: string, url: string, { keys }: RehearsalWorld): Promise<string> {
  const key = await keys.keyFor("ES256");
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(bearer));
  const ath = encodeBase64url(new Uint8Array(digest));
  const claims = { htm: "POST", htu: url, jti: crypto.randomUUID(), iat: readClockSeconds(), ath };
  return key.sign({ typ: "dpop+jwt", alg: "ES256", jwk: key.publicJwk }, claims);
}
