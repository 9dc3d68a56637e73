import type { CredentialRefusal } from "../audit/reason.ts";

/** No credential can be had for this call, though everything that was asked has answered. Carries nothing of the input. */
export class CredentialRefused extends Error {
  override readonly name = "CredentialRefused";
  readonly reason: CredentialRefusal;
  constructor(reason: CredentialRefusal) {
    super(reason);
    this.reason = reason;
  }
}
