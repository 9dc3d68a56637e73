import { Outage, type Reason } from "../audit/reason.ts";
import { type Algorithm, ALGORITHMS } from "../jwt/json-web-key.ts";
import { isObject, type JsonObject } from "../jwt/strict-json.ts";
import type { Presented } from "../redemption/assertion.ts";
import type { Dependencies } from "../redemption/dependencies.ts";
import { redemption } from "../redemption/redemption.ts";
import { SealedAccessToken } from "../redemption/sealed-access-token.ts";
import { type Client, GRANT_TYPE_JWT_BEARER } from "../trust/client.ts";
import { findRegisteredClient } from "../trust/registered-client.ts";
import type { TrustStore } from "../trust/trust-store.ts";
import type { ThrowawayKey, ThrowawayKeys } from "./throwaway-keys.ts";

type RedemptionOutcome = Awaited<ReturnType<typeof redemption.run>>;
type Completed = Extract<RedemptionOutcome, { completed: true }>;
/** What the checks had established when they ended. */
export type Known = Partial<Completed["known"]>;

/** What an ID-JAG says, whether or not anybody signed it. */
export interface StatedAssertion {
  /** Of a JWT; null for claims that somebody wrote down. */
  readonly header: JsonObject | null;
  readonly claims: JsonObject;
}

export interface RehearsalRequest {
  readonly stated: StatedAssertion;
  readonly clientId: string;
  readonly resource: string | null;
  readonly scope: string | null;
  /** The request's parameter, as the client sends it. */
  readonly authorizationDetails: string | null;
  /** Whether the client proves the key that the assertion, or its token, is bound to. */
  readonly provesKey: boolean;
  readonly nowSeconds: number;
}

export interface RehearsedRefusal {
  readonly reason: Reason;
  readonly check: string;
  readonly kind: "refusal" | "outage" | "fault";
}

export interface Rehearsal {
  /** null: every check said yes. */
  readonly refusal: RehearsedRefusal | null;
  readonly known: Known;
  /** The claims that were filled in, by name. */
  readonly assumed: readonly string[];
}

export type DocumentStore = Pick<TrustStore, "find">;

export interface RehearsalWorld {
  readonly issuer: string;
  readonly store: DocumentStore;
  readonly keys: ThrowawayKeys;
}

/** What a rehearsal takes for granted, because only the real parties can show it. */
export const NOT_CHECKED = [
  "client authentication",
  "signature",
  "which account the subject has",
  "single use",
] as const;

const NONCE = "rehearsal";

/**
 * Redeems these claims under these documents, through the very list of checks that the Worker runs. What cannot be had
 * here is stood in for at the edges: a key of our own signs in place of the provider's, no token is signed, and no ledger,
 * account directory or provider hears of it.
 */
export async function rehearse(request: RehearsalRequest, world: RehearsalWorld): Promise<Rehearsal> {
  const found = await findClient(request.clientId, world);
  if ("reason" in found) return { refusal: found, known: {}, assumed: [] };
  const { claims, assumed } = complete(request, world.issuer);
  const proofKey = await world.keys.keyFor("ES256");
  const bound = request.provesKey ? bindTo(proofKey, claims) : claims;
  const { assertion, key } = await signAssertion({ ...request.stated, claims: bound }, world);
  const dpopProof = request.provesKey ? await makeProof(proofKey, { request, world }) : null;
  const presented = presentedBy(found, { request, assertion, dpopProof });
  const outcome = await redemption.run(presented, dependenciesOf(world, key));
  if (outcome.completed) return { refusal: null, known: outcome.known, assumed };
  const { reason, refusedAt: check, kind, known } = outcome;
  return { refusal: { reason, check, kind }, known, assumed };
}

interface FoundClient {
  readonly client: Client;
  readonly clientRevision: string;
}

/** As client authentication and the grant check would, apart from the secret. */
async function findClient(clientId: string, { store }: RehearsalWorld): Promise<FoundClient | RehearsedRefusal> {
  const refuse = (reason: Reason): RehearsedRefusal => ({ reason, check: "client_authentication", kind: "refusal" });
  try {
    const found = await findRegisteredClient(clientId, (name) => store.find("client", name));
    if (found === null) return refuse("client_unknown");
    if (!found.document.enabled) return refuse("client_disabled");
    if (found.document.grant_types.includes(GRANT_TYPE_JWT_BEARER)) {
      return { client: found.document, clientRevision: found.revision };
    }
    return { ...refuse("grant_type_not_allowed"), check: "grant" };
  } catch (error) {
    if (error instanceof Outage) return { ...refuse(error.reason), kind: "outage" };
    throw error;
  }
}

/** Fills in what people leave out when they write claims down. A JWT says everything that it says. */
function complete({ stated, clientId, nowSeconds }: RehearsalRequest, issuer: string) {
  if (stated.header !== null) return { claims: stated.claims, assumed: [] };
  const { iat } = stated.claims;
  const issuedAt = typeof iat === "number" ? iat : nowSeconds;
  const usual: JsonObject = {
    aud: issuer,
    client_id: clientId,
    jti: "rehearsal",
    iat: issuedAt,
    exp: issuedAt + 60,
  };
  const assumed = Object.keys(usual).filter((name) => stated.claims[name] === undefined);
  return { claims: { ...usual, ...stated.claims }, assumed };
}

/** The client is taken to hold whatever key the assertion names, so that ours may stand in for it. */
function bindTo({ publicJwk }: ThrowawayKey, claims: JsonObject): JsonObject {
  if (!isObject(claims["cnf"])) return claims;
  const { jkt, jwk, ...others } = claims["cnf"];
  if (typeof jkt !== "string" && !isObject(jwk)) return claims;
  return { ...claims, cnf: { ...others, jwk: { ...publicJwk } as JsonObject } };
}

async function signAssertion(stated: StatedAssertion, { store, keys }: RehearsalWorld) {
  const { iss } = stated.claims;
  // What does not parse is found again, and told, by the check that needs it.
  const idp = typeof iss === "string" ? await store.find("idp", iss).catch(() => null) : null;
  const header = stated.header ?? { typ: "oauth-id-jag+jwt", alg: idp?.document.algorithms[0] ?? "ES256" };
  const algorithm: Algorithm = ALGORITHMS.find((one) => one === header["alg"]) ?? "ES256";
  const key = await keys.keyFor(algorithm);
  return { key, assertion: await key.sign(header, stated.claims) };
}

interface Request {
  readonly request: RehearsalRequest;
  readonly world: RehearsalWorld;
}

function makeProof(key: ThrowawayKey, { request, world }: Request): Promise<string> {
  const claims = { htm: "POST", htu: tokenEndpointOf(world), jti: "rehearsal", iat: request.nowSeconds, nonce: NONCE };
  return key.sign({ typ: "dpop+jwt", alg: "ES256", jwk: key.publicJwk }, claims);
}

interface Presentation {
  readonly request: RehearsalRequest;
  readonly assertion: string;
  readonly dpopProof: string | null;
}

function presentedBy(found: FoundClient, { request, assertion, dpopProof }: Presentation): Presented {
  return {
    ...found,
    nowSeconds: request.nowSeconds,
    attemptId: "rehearsal",
    grantType: GRANT_TYPE_JWT_BEARER,
    assertion,
    requestedScope: request.scope,
    requestedResource: request.resource,
    requestedAuthorizationDetails: request.authorizationDetails,
    dpopProof,
  };
}

function dependenciesOf(world: RehearsalWorld, key: ThrowawayKey): Dependencies {
  const { issuer, store } = world;
  return {
    issuer,
    tokenEndpoint: tokenEndpointOf(world),
    findIdp: (name) => store.find("idp", name),
    findResource: (name) => store.find("resource", name),
    findPolicy: (name) => store.find("policy", name),
    findKey: async () => key.publicKey,
    resolveSubject: async () => ({ account: "rehearsal" }),
    acceptsNonce: async (nonce) => nonce === NONCE,
    signAccessToken: async ({ tokenId }) => new SealedAccessToken("", tokenId, ""),
    consumeProof: async () => "consumed",
    consumeAssertion: async () => "consumed",
  };
}

function tokenEndpointOf({ issuer }: RehearsalWorld): string {
  return `${issuer}/token`;
}
