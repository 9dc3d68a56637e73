import type { ProviderAccessAsked } from "../access-token/provider-access.ts";
import { type AccessToken, readToken, type Verdict, verifyReadToken } from "../access-token/verify.ts";
import { type DpopProof, isFresh, retainProofUntil, verifyDpopProof } from "../dpop/proof.ts";
import { readClockSeconds } from "../http/trace.ts";
import type { KeySet } from "../jwt/verify.ts";
import type { FencedFacts } from "../revocation/fence.ts";
import type { ConsumableProof, Consumption } from "../redemption/dependencies.ts";
import type { ProtectedResource } from "../trust/protected-resource.ts";
import { findAccepted } from "../trust/provider-tokens.ts";
import { CallRefused } from "./refusal.ts";

export interface BearerDependencies {
  readonly issuer: string;
  readonly keys: KeySet;
  /** @throws Outage */
  readonly acceptProviderToken: (asked: ProviderAccessAsked) => Promise<Verdict>;
  readonly isNetworkWithinRate: (request: Request) => Promise<boolean>;
  readonly isClientWithinRate: (clientId: string) => Promise<boolean>;
  /** Whether anything that this rests on has been revoked; never by an answer older than 5 s. May throw `Outage`. */
  readonly isRevoked: (facts: FencedFacts) => Promise<boolean>;
  readonly consumeProof: (proof: ConsumableProof) => Promise<Consumption>;
}

interface Call {
  readonly request: Request;
  readonly resource: ProtectedResource;
  readonly resourceRevision: string;
  /** Filled in as soon as it is known, by a signature, whatever is then found wrong with the token. */
  caller: AccessToken | null;
}

interface Credential {
  readonly scheme: "bearer" | "dpop";
  readonly token: string;
}

/** What a caller has shown. Good when it was read, which is not yet when it is used. */
export interface Authorization {
  readonly token: AccessToken;
  /** Null where the token is bound to no key. */
  readonly proof: DpopProof | null;
}

/**
 * The caller's token: in the Authorization header alone, for this server alone, and where it is bound to a key with a
 * proof by that key. `requireTimely` has the last word on its times. @throws CallRefused, Outage
 */
export async function requireAccessToken(call: Call, uses: BearerDependencies): Promise<Authorization> {
  const credential = readCredential(call.request);
  const { token, refusal } = await verify(credential.token, call, uses);
  call.caller = token;
  // Before anything that is written for this caller: an expired token must not be a pen that never runs dry.
  if (token !== null && !(await uses.isClientWithinRate(token.clientId))) throw new CallRefused("gateway_rate_limited");
  if (refusal !== null) throw new CallRefused(refusal);
  if (await uses.isRevoked(token.fenced)) throw new CallRefused("token_revoked");
  return { token, proof: await requireBinding(token, credential, { call, uses }) };
}

/**
 * By whose it says that it is, which decides only who will be asked. What is signed elsewhere takes more to refuse than
 * what we signed: keys, and perhaps a look at the provider's. @throws CallRefused, Outage
 */
async function verify(
  token: string,
  { request, resource, resourceRevision }: Call,
  uses: BearerDependencies,
): Promise<Verdict> {
  const jws = readToken(token);
  if (jws === null) throw new CallRefused("token_malformed");
  const { issuer: ours, keys } = uses;
  const nowSeconds = readClockSeconds();
  const { iss: issuer } = jws.unverified;
  const accepted = issuer === ours ? null : findAccepted(resource.provider_tokens, issuer);
  if (accepted === null || typeof issuer !== "string") {
    return verifyReadToken(jws, keys, { issuer: ours, audience: resource.resource, nowSeconds });
  }
  if (!(await uses.isNetworkWithinRate(request))) throw new CallRefused("gateway_rate_limited");
  return uses.acceptProviderToken({ jws, issuer, accepted, resource, resourceRevision, nowSeconds });
}

/**
 * By the clock at the moment of forwarding: a body held open, or a ledger that takes its time, would otherwise have a
 * call forwarded whose token had expired meanwhile. @throws CallRefused
 */
export function requireTimely({ token, proof }: Authorization): void {
  const nowSeconds = readClockSeconds();
  if (nowSeconds >= token.expiresAtSeconds) throw new CallRefused("token_expired");
  if (proof !== null && !isFresh(proof, nowSeconds)) throw new CallRefused("gateway_proof_invalid");
}

/** RFC 6750 §2.3 forbids nothing in a query; MCP does, and so does every access log that would keep it. */
function readCredential(request: Request): Credential {
  if (new URL(request.url).searchParams.has("access_token")) throw new CallRefused("token_in_query");
  const authorization = request.headers.get("authorization");
  if (authorization === null) throw new CallRefused("token_missing");
  const [, scheme, token] = /^(bearer|dpop) +([A-Za-z0-9_.-]+)$/i.exec(authorization) ?? [];
  if (scheme === undefined || token === undefined) throw new CallRefused("token_malformed");
  return { scheme: scheme.toLowerCase() === "dpop" ? "dpop" : "bearer", token };
}

/** RFC 9449 §7.1-7.2: a bound token with its proof, under its own scheme, and never as a bearer token. */
async function requireBinding(
  token: AccessToken,
  credential: Credential,
  { call, uses }: { readonly call: Call; readonly uses: BearerDependencies },
): Promise<DpopProof | null> {
  const isBound = token.confirmedKey !== null;
  if (isBound !== (credential.scheme === "dpop") || (call.resource.dpop_required && !isBound)) {
    throw new CallRefused("token_binding");
  }
  if (!isBound) return null;
  const { request, resource } = call;
  const context = { method: request.method, url: resource.resource, accessToken: credential.token };
  const proof = await verifyDpopProof(request.headers.get("dpop") ?? "", context);
  if (proof === null || !isFresh(proof, readClockSeconds())) throw new CallRefused("gateway_proof_invalid");
  if (proof.thumbprint !== token.confirmedKey) throw new CallRefused("token_binding");
  const attemptId = crypto.randomUUID();
  const consumption = await uses.consumeProof({ ...proof, attemptId, retainUntilSeconds: retainProofUntil(proof) });
  if (consumption === "replayed") throw new CallRefused("gateway_proof_replayed");
  return proof;
}
