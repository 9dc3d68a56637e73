/** RFC 8935 §2.4: all that a transmitter is ever told. */
export type SignalError =
  | "invalid_request"
  | "invalid_key"
  | "invalid_issuer"
  | "invalid_audience"
  | "authentication_failed"
  | "access_denied";

/** A security event that changes nothing. Carries nothing of it. */
export class SignalRejected extends Error {
  override readonly name = "SignalRejected";
  readonly error: SignalError;
  constructor(error: SignalError) {
    super(error);
    this.error = error;
  }
}
