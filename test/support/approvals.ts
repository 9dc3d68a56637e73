import { env } from "cloudflare:workers";
import type { Approver, Decision, HeldCall, Presented } from "../../src/approval/approval.ts";
import { traceWithoutRequest } from "../../src/audit/audit-event.ts";
import { CLIENT, IDP, RESOURCE } from "./documents.ts";

export function subjectAt(sub: string) {
  return { issuer: IDP, tenant: null, sub };
}

export const BOSS: Approver = { name: "boss", groups: ["leads"], subjects: [subjectAt("boss")] };

/** An organization that no other test has. */
export function newOrganization(): string {
  return `org-${crypto.randomUUID()}`;
}

export function deskOf(organization: string) {
  return env.APPROVAL_DESK.getByName(`approvals/v1/${organization}`);
}

export function makePresented(
  organization: string,
  { call = {}, ...changes }: Partial<Omit<Presented, "call">> & { readonly call?: Partial<HeldCall> } = {},
): Presented {
  return {
    key: "key",
    attemptId: crypto.randomUUID(),
    expiresInSeconds: 300,
    trace: traceWithoutRequest(Date.now()),
    usesUp: true,
    ...changes,
    call: {
      organization,
      requester: subjectAt("ada"),
      principal: "usr_ada",
      actor: null,
      clientId: CLIENT,
      resource: RESOURCE,
      tool: "pay",
      callSha256: "00",
      argumentNames: ["amount"],
      sealedCall: null,
      policyRevision: "policy-1",
      demands: [{ rule: "held", approvers: { admins: [], groups: ["leads"], subjects: [] } }],
      ...call,
    },
  };
}

export function makeDecision(id: string, changes: Partial<Decision> = {}): Decision {
  const trace = traceWithoutRequest(Date.now());
  return { id, verdict: "approved", approver: BOSS, isRequester: false, trace, dryRun: false, ...changes };
}
