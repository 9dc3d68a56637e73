import type { CredentialRefusal } from "../audit/reason.ts";

interface RefusalDetail {
  /** Where the person can grant what is missing; a page of ours. */
  readonly connectUrl?: string | null;
}

/** No credential can be had for this call, though everything that was asked has answered. Carries nothing of the input. */
export class CredentialRefused extends Error {
  override readonly name = "CredentialRefused";
  readonly reason: CredentialRefusal;
  readonly connectUrl: string | null;
  constructor(reason: CredentialRefusal, { connectUrl = null }: RefusalDetail = {}) {
    super(reason);
    this.reason = reason;
    this.connectUrl = connectUrl;
  }
}
