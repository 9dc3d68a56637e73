import * as z from "zod";
import type { TextAnswer } from "../egress/exchange.ts";
import { LIMITS } from "../limits.ts";
import { parseScope } from "../policy/scope.ts";
import { readJsonAnswer } from "./ask.ts";
import { OAuthFailure, type OAuthFlaw } from "./oauth-failure.ts";

export interface IssuedToken {
  readonly token: string;
  readonly lifetimeSeconds: number;
  /** null where it is what was asked for (RFC 6749 §5.1). */
  readonly scope: string | null;
  readonly refreshToken: string | null;
  readonly idToken: string | null;
  readonly issuedTokenType: string | null;
}

/** RFC 6750 §2.1: what fits a header as it is. */
const bearerSchema = z
  .string()
  .regex(/^[A-Za-z0-9\-._~+/]+=*$/)
  .max(LIMITS.issuedTokenCharacters);
/** RFC 6749, appendix A.17. */
const refreshTokenSchema = z
  .string()
  .regex(/^[\x20-\x7e]+$/)
  .max(LIMITS.issuedTokenCharacters);

const responseSchema = z.object({
  access_token: bearerSchema,
  token_type: z.string().max(LIMITS.identifierBytes),
  expires_in: z.int().min(1).optional(),
  scope: z
    .string()
    .refine((text) => text === "" || parseScope(text) !== null)
    .optional(),
  refresh_token: refreshTokenSchema.optional(),
  id_token: z.string().min(1).max(LIMITS.jwtBytes).optional(),
  issued_token_type: z.string().max(LIMITS.identifierBytes).optional(),
});

/** RFC 6749 §5.2, RFC 8693 §2.2.2, RFC 8707 §2, ID-JAG §4.3.4.3 and RFC 9470: codes, and no descriptions. */
const FLAWS: Readonly<Record<string, OAuthFlaw>> = {
  invalid_grant: "grant_refused",
  invalid_client: "client_refused",
  unauthorized_client: "client_refused",
  invalid_request: "request_refused",
  unsupported_grant_type: "request_refused",
  unsupported_response_type: "request_refused",
  invalid_scope: "scope_refused",
  invalid_target: "target_refused",
  access_denied: "access_denied",
  insufficient_user_authentication: "authentication_insufficient",
  interaction_required: "authentication_insufficient",
  login_required: "authentication_insufficient",
  server_error: "unavailable",
  temporarily_unavailable: "unavailable",
  slow_down: "unavailable",
};

export function flawOfErrorCode(code: unknown): OAuthFlaw {
  return typeof code === "string" && Object.hasOwn(FLAWS, code)
    ? (FLAWS[code] ?? "request_refused")
    : "request_refused";
}

/**
 * Reads what a token endpoint answered (RFC 6749 §5). An error is one only where it is said in JSON: a page that some
 * proxy put in between must not pass for the word that a grant is spent. `token_type` is compared without case.
 * @throws OAuthFailure
 */
export function readTokenResponse(answer: TextAnswer, expectedType: "bearer" | "n_a"): IssuedToken {
  const body = readJsonAnswer(answer);
  if (body === null) throw new OAuthFailure("answer_malformed", { isRefusal: answer.status >= 400 });
  if (answer.status !== 200) {
    const isRefusal = answer.status >= 400;
    throw new OAuthFailure(isRefusal ? flawOfErrorCode(body["error"]) : "answer_malformed", { isRefusal });
  }
  const { data } = responseSchema.safeParse(body);
  if (data === undefined) throw new OAuthFailure("answer_malformed");
  // DPoP included: a token that is bound to a key we do not have, or that nobody can prove he holds.
  if (data.token_type.toLowerCase() !== expectedType) throw new OAuthFailure("token_type");
  const stated = data.expires_in ?? LIMITS.issuedTokenLifetimeDefaultSeconds;
  return {
    token: data.access_token,
    lifetimeSeconds: Math.min(stated, LIMITS.issuedTokenLifetimeMaximumSeconds),
    scope: data.scope ?? null,
    refreshToken: data.refresh_token ?? null,
    idToken: data.id_token ?? null,
    issuedTokenType: data.issued_token_type ?? null,
  };
}
