import type { JudgedFacts } from "../audit/judged-facts.ts";
import type { Algorithm } from "../jwt/json-web-key.ts";
import type { KeyChoice } from "../jwt/verify.ts";
import type { CarriedFacts } from "../policy/asked-facts.ts";
import type { AuthorizationDetail } from "../policy/authorization-details.ts";
import type { Policy } from "../policy/policy.ts";
import type { Scope } from "../policy/scope.ts";
import type { Resolved, SubjectQuery } from "../trust/account.ts";
import type { ProtectedResource } from "../trust/protected-resource.ts";
import type { Revised } from "../trust/trust-store.ts";
import type { AssertionType, TrustedIdp } from "../trust/trusted-idp.ts";
import type { AcceptanceWindow } from "./acceptance-window.ts";
import type { IdJag, Presented, Subject } from "./assertion.ts";
import type { Passed } from "./passed.ts";
import type { AccessTokenContents, SealedAccessToken } from "./sealed-access-token.ts";

/**
 * Everything that redemption needs of the world. The checks themselves read no clock, no network and no binding, so
 * what they decide can be replayed from what they were given. Each function may throw `Outage`, and nothing else.
 */
export interface Dependencies {
  /** Our issuer identifier, the only audience an ID-JAG may name. */
  readonly issuer: string;
  /** What a DPoP proof must name in `htu`. */
  readonly tokenEndpoint: string;
  readonly findIdp: (issuer: string) => Promise<Revised<TrustedIdp> | null>;
  readonly findResource: (identifier: string) => Promise<Revised<ProtectedResource> | null>;
  readonly findPolicy: (organization: string) => Promise<Revised<Policy> | null>;
  readonly findKey: (idp: TrustedIdp, wanted: { kid: string | null; alg: Algorithm }) => Promise<KeyChoice>;
  /** Finds the subject's account in the organization's directory; what it finds first it remembers. */
  readonly resolveSubject: (organization: string, query: SubjectQuery) => Promise<Resolved>;
  readonly acceptsNonce: (nonce: string, nowSeconds: number) => Promise<boolean>;
  readonly signAccessToken: (contents: AccessTokenContents) => Promise<SealedAccessToken>;
  /** Consumes a proof's `jti`, once per key. */
  readonly consumeProof: (proof: ConsumableProof) => Promise<Consumption>;
  /** Consumes the assertion and records the decision in one transaction: the only irreversible step. */
  readonly consumeAssertion: (decided: Decided) => Promise<Consumption | "revoked">;
}

export type Consumption = "consumed" | "replayed";

export interface ConsumableProof {
  readonly thumbprint: string;
  readonly jti: string;
  /** Random per HTTP request and never read from input, so that only a retry inside one request is the same attempt. */
  readonly attemptId: string;
  readonly retainUntilSeconds: number;
}

/** All that a decision to grant rests on: what the ledger keeps of it is the audit record. */
export interface Decided extends Presented {
  readonly idp: TrustedIdp;
  readonly idpRevision: string;
  readonly idpTenant: string | null;
  readonly organization: string;
  /** Which of the issuer's keys signed: its `kid`, or its thumbprint where it has none. */
  readonly signingKeyId: string;
  readonly idJag: IdJag;
  readonly window: AcceptanceWindow;
  readonly resource: ProtectedResource;
  readonly resourceRevision: string;
  readonly subject: Subject;
  readonly grantedScope: Scope;
  readonly grantedDetails: readonly AuthorizationDetail[];
  readonly policyRules: readonly string[];
  readonly policyRevision: string;
  readonly policyFacts: CarriedFacts;
  readonly judged: JudgedFacts;
  readonly contents: AccessTokenContents;
  readonly assertionType: AssertionType;
  readonly typeChecked: Passed<"assertion_type">;
  readonly audienceChecked: Passed<"audience">;
  readonly clientChecked: Passed<"client_continuity">;
  readonly proofChecked: Passed<"proof_unused">;
  readonly sealed: Pick<SealedAccessToken, "signingKeyId">;
}
