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

const DESCRIPTIONS: Record<SignalError, string> = {
  invalid_request: "The request is no security event token that can be acted on.",
  invalid_key: "The key or the algorithm of the signature is not acceptable.",
  invalid_issuer: "Security events of this issuer are not received here.",
  invalid_audience: "The security event token is not for this receiver.",
  authentication_failed: "The transmitter could not be authenticated.",
  access_denied: "The transmitter may not speak, or not of this subject.",
};

/** RFC 8935 §2.3, RFC 8936 §2.6: what the transmitter is told of one security event. */
export function describeRejection({ error }: SignalRejected): {
  readonly err: SignalError;
  readonly description: string;
} {
  return { err: error, description: DESCRIPTIONS[error] };
}
