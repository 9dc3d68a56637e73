import type { ApprovalDemand, HeldCall, Presented, PresentedResult } from "../approval/approval.ts";
import { spellCanonically } from "../jwt/canonical-json.ts";
import { digestParts } from "../jwt/digest.ts";
import { isObject, type JsonObject } from "../jwt/strict-json.ts";
import type { SealedTexts } from "../jwt/sealed-text.ts";
import { LIMITS } from "../limits.ts";
import type { Approval, Obligation } from "../policy/obligations.ts";
import type { AccessToken } from "../access-token/verify.ts";
import type { Call } from "./call-record.ts";
import { takesUrls } from "./client-capabilities.ts";
import { sealState } from "./held-state.ts";
import type { Message } from "./message.ts";
import { isForwardedParameter } from "./forward.ts";
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
}

/**
 * The last thing before the call is forwarded: an approval for exactly this call is used up here, or the call is held.
 * @throws CallRefused, Outage
 */
export async function requireApproval(asking: Asking, uses: ApprovalDependencies): Promise<void> {
  const { call, message } = asking;
  const obligations = approvalsOf(call);
  if (obligations.length === 0) return;
  if (message.kind !== "request") throw new CallRefused("message_malformed");
  const key = await bindingOf(asking, obligations);
  const result = await uses.present({
    key,
    attemptId: crypto.randomUUID(),
    call: await describe(asking, key, uses),
    expiresInSeconds: Math.min(...obligations.map(({ approval }) => approval.expires_in_seconds)),
    trace: call.trace,
  });
  const policyRule = obligations[0]?.rule ?? null;
  if (result.outcome === "full") throw new CallRefused("approvals_full", { policyRule });
  call.approvalId = result.id;
  if (result.outcome === "consumed") return;
  const { id, expiresAtMilliseconds, outcome: state } = result;
  const reason = state === "denied" ? "approval_denied" : "approval_pending";
  const held = { id, expiresAtMilliseconds, state, ...(await formOf(asking, uses)) };
  throw new CallRefused(reason, { policyRule, held: { ...held, url: `${uses.issuer}/approvals/${id}` } });
}

/**
 * Everything that goes to the server but `_meta`, which differs from one try to the next, and what policy demands: an
 * approval stands for the rule as it was when it was asked for.
 */
async function bindingOf(
  { call, token, message }: Asking,
  obligations: readonly ApprovalObligation[],
): Promise<string> {
  const { _meta: _untried, ...params } = message.params;
  return digestParts([
    "approval",
    call.resource.resource,
    token.organization,
    token.principal,
    token.clientId,
    message.method,
    // The tool's name is one of them.
    spellCanonically(params),
    JSON.stringify(obligations.map((obligation) => demandOf(obligation))),
    // In the order of their names, as headers always come.
    JSON.stringify([...call.request.headers].filter(([name]) => isForwardedParameter(name))),
  ]);
}

async function describe({ call, token, message }: Asking, key: string, uses: ApprovalDependencies): Promise<HeldCall> {
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
    argumentsSha256: await sha256(spellCanonically(given)),
    argumentNames: names.slice(0, LIMITS.approvalArgumentNames).map((name) => name.slice(0, LIMITS.identifierBytes)),
    sealedArguments: await sealArguments({ call, given, key }, uses.shownArguments),
    policyRevision: call.policyRevision ?? "",
    demands: approvalsOf(call).map((obligation) => demandOf(obligation)),
  };
}

/** Where each of the rules shows them. Whole or not at all: nobody can approve what he does not see the end of. */
async function sealArguments(
  { call, given, key }: { readonly call: Call; readonly given: JsonObject; readonly key: string },
  shown: SealedTexts,
): Promise<string | null> {
  if (!approvalsOf(call).every(({ approval }) => approval.show_arguments)) return null;
  const text = spellCanonically(given);
  if (text.length > LIMITS.approvalArgumentsCharacters) throw new CallRefused("message_too_large");
  return shown.seal(text, key);
}

function demandOf({ rule, approval: { approvers } }: ApprovalObligation): ApprovalDemand {
  if (approvers === "any") return { rule, approvers };
  const listOf = (names: ReadonlySet<string> | undefined): string[] => [...(names ?? [])].toSorted();
  const { admins, groups, subjects } = approvers;
  return { rule, approvers: { admins: listOf(admins), groups: listOf(groups), subjects: listOf(subjects) } };
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
