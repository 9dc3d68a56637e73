import type { RequestTrace } from "../audit/audit-event.ts";

/** Somebody at his identity provider. */
export interface SubjectAtIssuer {
  readonly issuer: string;
  readonly tenant: string | null;
  readonly sub: string;
}

/** One rule that wants an approval; its approvers as lists, since sets do not travel. */
export interface ApprovalDemand {
  readonly rule: string;
  readonly approvers:
    | "any"
    | { readonly admins: string[]; readonly groups: string[]; readonly subjects: SubjectAtIssuer[] };
}

/** Whose call it is and what it would do: what an approver is told, and what the records say. */
export interface HeldCall {
  readonly organization: string;
  readonly requester: SubjectAtIssuer;
  readonly principal: string;
  readonly actor: string | null;
  readonly clientId: string;
  readonly resource: string;
  readonly tool: string;
  /** Of the text that is approved, in hexadecimal: src/gateway/approved-text.ts. */
  readonly callSha256: string;
  readonly argumentNames: readonly string[];
  /** Sealed; null where policy does not show them. */
  readonly sealedCall: string | null;
  readonly policyRevision: string;
  readonly demands: readonly ApprovalDemand[];
}

/** A call comes to the desk. */
export interface Presented {
  /** Digest of all that an approval is bound to. Another argument, another key. */
  readonly key: string;
  /** The same for each try of one call, so that a lost answer is not a lost approval. */
  readonly attemptId: string;
  readonly call: HeldCall;
  readonly expiresInSeconds: number;
  readonly trace: RequestTrace;
  /** False only asks how things stand, and leaves an approval to be used. */
  readonly usesUp: boolean;
}

export type ApprovalState = "pending" | "approved" | "denied" | "expired" | "consumed";

/** `consumed`: this call, now and once, may go on. `approved`: it might, were it to use that up. `full`: too many wait already. */
export type PresentedResult =
  | {
      readonly outcome: "consumed" | "approved" | "pending" | "denied";
      readonly id: string;
      readonly expiresAtMilliseconds: number;
    }
  | { readonly outcome: "full" }
  | { readonly outcome: "backlogged" };

/** Who decides: an administrator of the role `approver`, as his document describes him. */
export interface Approver {
  readonly name: string;
  readonly groups: readonly string[];
  readonly subjects: readonly SubjectAtIssuer[];
}

export interface Decision {
  readonly id: string;
  readonly verdict: "approved" | "denied";
  readonly approver: Approver;
  /** By what the directory of accounts knows: the same person, under another name. */
  readonly isRequester: boolean;
  readonly trace: RequestTrace;
  /** Says what would become of it, and decides nothing. */
  readonly dryRun: boolean;
}

export type DecisionResult = "decided" | "unknown" | "over" | DecisionObstacle | "backlogged";

/** Why somebody may not decide. */
export type DecisionObstacle = "own_request" | "not_an_approver" | "unidentified";

export interface Approval {
  readonly id: string;
  readonly state: ApprovalState;
  readonly call: HeldCall;
  readonly key: string;
  readonly askedAtMilliseconds: number;
  readonly expiresAtMilliseconds: number;
  readonly decidedBy: string | null;
}
