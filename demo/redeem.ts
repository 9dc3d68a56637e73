import { decodeJwt, type JWTPayload } from "jose";
import * as z from "zod";

const answerSchema = z.looseObject({
  access_token: z.string().optional(),
  error: z.string().optional(),
  error_description: z.string().optional(),
  correlation_id: z.string().optional(),
});

export interface Redemption {
  readonly status: number;
  readonly error: string | undefined;
  readonly description: string | undefined;
  readonly correlationId: string;
  readonly accessToken: string | undefined;
  readonly claims: JWTPayload | undefined;
}

interface RedeemRequest {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly assertion: string;
  readonly scope?: string;
}

/** Redeems an ID-JAG by hand (RFC 7523 §2.1), for the cases in which a well-behaved client would not. */
export async function redeem({ issuer, clientId, clientSecret, assertion, scope }: RedeemRequest): Promise<Redemption> {
  const form = new URLSearchParams({
    grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
    assertion,
    ...(scope !== undefined && { scope }),
  });
  const authorization = `Basic ${btoa(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`)}`;
  const response = await fetch(`${issuer}/token`, { method: "POST", headers: { authorization }, body: form });
  const answer = answerSchema.parse(await response.json());
  return {
    status: response.status,
    error: answer.error,
    description: answer.error_description,
    correlationId: response.headers.get("crossgate-correlation-id") ?? "",
    accessToken: answer.access_token,
    claims: answer.access_token === undefined ? undefined : decodeJwt(answer.access_token),
  };
}
