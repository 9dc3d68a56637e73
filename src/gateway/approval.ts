import type { ApprovalDemand, HeldCall, Presented, PresentedResult } from "../approval/approval.ts";
import { digestParts } from "../jwt/digest.ts";
import { isObject } from "../jwt/strict-json.ts";
import type { SealedTexts } from "../jwt/sealed-text.ts";
import { LIMITS } from "../limits.ts";
import type { Approval, Obligation } from "../policy/obligations.ts";
import type { AccessToken } from "../access-token/verify.ts";
import { spellApproved } from "./approved-text.ts";
import type { Call } from "./call-record.ts";
import { takesUrls } from "./client-capabilities.ts";
import { withoutOurAnswer } from "./connection-response.ts";
import { sealState } from "./held-state.ts";
import type { Message } from "./message.ts";
import { isStateless } from "./mirrored-headers.ts";
import { CallRefused, type Held } from "./refusal.ts";

export interface ApprovalDependencies {
  readonly issuer: string;
  /** Uses an approval up, or says how things stand. May throw `Outage`. */
  readonly present: (presented: Presented) => Promise<Exclude<PresentedResult, { readonly outcome: "backlogged" }>>;
  readonly heldStates: SealedTexts;
  readonly shownArguments: SealedTexts;
}

type ApprovalObligation = Pick<Obligation, "rule"> & { readonly approval: Approval };

function approvalsOf({ obligations }: Call): readonly ApprovalObligation[] {
  return obligations.flatMap(({ rule, approval }) => (approval === undefined ? [] : [{ rule, approval }]));
}

interface Asking {
  readonly call: Call;
  readonly token: AccessToken;
  readonly message: Message;
  /** What else may refuse the call and is gone afterwards, such as a rate; null where there is nothing. */
  readonly count: (() => Promise<void>) | null;
}

/**
 * The last thing before the call is forwarded: an approval for exactly this call is used up here, or the call is held.
 * A call that is held is not counted, and one that is too many uses up no approval. @throws CallRefused, Outage
 */
export async function requireApproval(asking: Asking, uses: ApprovalDependencies): Promise<void> {
  const { call, message, count } = asking;
  const obligations = approvalsOf(call);
  if (obligations.length === 0) return;
  if (message.kind !== "request") throw new CallRefused("message_malformed");
  const text = spellApproved(withoutOurAnswer(message), call.request.headers);
  const key = await bindingOf(asking, text, obligations);
  const presented = {
    key,
    attemptId: crypto.randomUUID(),
    call: await describe(asking, { key, text }, uses),
    expiresInSeconds: Math.min(...obligations.map(({ approval }) => approval.expires_in_seconds)),
    trace: call.trace,
  };
  if (count !== null) {
    await requireApproved(asking, await uses.present({ ...presented, usesUp: false }), uses);
    await count();
  }
  await requireApproved(asking, await uses.present({ ...presented, usesUp: true }), uses);
}

async function requireApproved(
  asking: Asking,
  result: Awaited<ReturnType<ApprovalDependencies["present"]>>,
  uses: ApprovalDependencies,
): Promise<void> {
  const { call } = asking;
  const policyRule = approvalsOf(call)[0]?.rule ?? null;
  if (result.outcome === "full") throw new CallRefused("approvals_full", { policyRule });
  call.approvalId = result.id;
  const { id, expiresAtMilliseconds, outcome: state } = result;
  if (state === "consumed" || state === "approved") return;
  const reason = state === "denied" ? "approval_denied" : "approval_pending";
  const held = { id, expiresAtMilliseconds, state, ...(await formOf(asking, uses)) };
  throw new CallRefused(reason, { policyRule, held: { ...held, url: `${uses.issuer}/approvals/${id}` } });
}

/** Whose call of which server it is, all that it says, and what policy demands: an approval stands for the rule as it was. */
async function bindingOf(
  { call, token, message }: Asking,
  text: string,
  obligations: readonly ApprovalObligation[],
): Promise<string> {
  return digestParts([
    "approval",
    call.resource.resource,
    token.organization,
    token.principal,
    token.clientId,
    message.method,
    // The tool's name is in it.
    text,
    JSON.stringify(obligations.map((obligation) => demandOf(obligation))),
    // A name that is published may come to stand for another tool.
    ...(call.member === null ? [] : [call.member.resource, call.member.tool]),
  ]);
}

async function describe(
  { call, token, message }: Asking,
  { key, text }: Readonly<Record<"key" | "text", string>>,
  uses: ApprovalDependencies,
): Promise<HeldCall> {
  const given = isObject(message.params["arguments"]) ? message.params["arguments"] : {};
  const { subject } = token;
  const names = Object.keys(given).toSorted();
  return {
    organization: token.organization,
    // identifyCaller has refused a token that does not name its subject.
    requester: { issuer: subject.issuer ?? "", tenant: subject.tenant, sub: subject.sub ?? "" },
    principal: token.principal,
    actor: token.actor,
    clientId: token.clientId,
    resource: call.resource.resource,
    tool: message.target ?? "",
    callSha256: await sha256(text),
    argumentNames: names.slice(0, LIMITS.approvalArgumentNames).map((name) => name.slice(0, LIMITS.identifierBytes)),
    sealedCall: await sealText({ call, text, key }, uses.shownArguments),
    policyRevision: call.policyRevision ?? "",
    demands: approvalsOf(call).map((obligation) => demandOf(obligation)),
  };
}

/** Where each of the rules shows it. Whole or not at all: nobody can approve what he does not see the end of. */
async function sealText(
  { call, text, key }: { readonly call: Call; readonly text: string; readonly key: string },
  shown: SealedTexts,
): Promise<string | null> {
  if (!approvalsOf(call).every(({ approval }) => approval.show_arguments)) return null;
  if (text.length > LIMITS.approvalArgumentsCharacters) throw new CallRefused("message_too_large");
  return shown.seal(text, key);
}

function demandOf({ rule, approval: { approvers } }: ApprovalObligation): ApprovalDemand {
  if (approvers === "any") return { rule, approvers };
  const listOf = (names: ReadonlySet<string> | undefined): string[] => [...(names ?? [])].toSorted();
  const { admins, groups, subjects } = approvers;
  const named = (subjects ?? []).map(({ issuer, tenant, sub }) => ({ issuer, tenant, sub }));
  return { rule, approvers: { admins: listOf(admins), groups: listOf(groups), subjects: named } };
}

async function sha256(text: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))).toHex();
}

/**
 * How the client is told. A client of the stateless era that has brought our state back has led its user there already:
 * to be asked again and again would help nobody, so from then on it hears it from the tool.
 */
async function formOf(
  { call, token: { principal, clientId }, message }: Asking,
  { heldStates }: ApprovalDependencies,
): Promise<Pick<Held, "form" | "requestState" | "isStateless">> {
  const isOfStatelessEra = isStateless(call.request.headers, message);
  const asTool = { form: "tool_error", requestState: null, isStateless: isOfStatelessEra } as const;
  if (!isOfStatelessEra) return call.sessionTakesUrls ? { ...asTool, form: "url_elicitation" } : asTool;
  if (call.hasBeenHeld || !takesUrls(message)) return asTool;
  const holder = { principal, clientId, resource: call.resource.resource };
  const requestState = await sealState(message, holder, heldStates);
  return requestState === null ? asTool : { ...asTool, form: "input_required", requestState };
}
