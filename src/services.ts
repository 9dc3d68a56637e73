import { buildAdmin } from "./admin-services.ts";
import type { AdminDependencies } from "./admin/dependencies.ts";
import { signAccessToken } from "./access-token/issue.ts";
import { SigningKeys } from "./access-token/signing-keys.ts";
import { Recorder } from "./audit/recorder.ts";
import { SubjectNames } from "./audit/subject-names.ts";
import { type Config, ConfigInvalid, parseConfig } from "./config.ts";
import { DpopNonces } from "./dpop/nonce.ts";
import { ClientDocuments } from "../durable-objects/client-documents.ts";
import { Accounts } from "../durable-objects/accounts.ts";
import { IssuerKeys } from "../durable-objects/issuer-keys.ts";
import { LedgerShards } from "../durable-objects/ledger-shards.ts";
import { Revocations } from "../durable-objects/revocations.ts";
import type { GatewayDependencies } from "./gateway/gateway.ts";
import { Sessions } from "./gateway/session.ts";
import { LIMITS } from "./limits.ts";
import { mayUseAgain } from "./redemption/assertion-use.ts";
import type { ConsumableProof, Consumption, Dependencies } from "./redemption/dependencies.ts";
import { withoutRevoked } from "./published-keys.ts";
import { fencedFacts } from "./redemption/fenced-facts.ts";
import { findClientKey } from "./token-endpoint/client-authentication/client-key.ts";
import type { SignalDependencies } from "./signals/push-endpoint.ts";
import { ClientSecrets } from "./token-endpoint/client-authentication/client-secret.ts";
import { networkOf } from "./token-endpoint/network.ts";
import type { RevocationEndpointDependencies } from "./token-endpoint/revocation-endpoint.ts";
import type { LedgerEntry, TokenEndpointDependencies } from "./token-endpoint/token-endpoint.ts";
import { DocumentSource } from "./trust/document-source.ts";
import { recordChange, reportFault, reportInvalid, reportsRefused } from "./reporting.ts";
import type { ProtectedResource } from "./trust/protected-resource.ts";
import { OnlyResource } from "./trust/only-resource.ts";
import { findRegisteredClient } from "./trust/registered-client.ts";
import { type Revised, TrustStore } from "./trust/trust-store.ts";
import { readEvidence } from "./upkeep.ts";

/** Everything that one isolate keeps from request to request, built from its bindings once. */
export interface Services {
  readonly config: Config;
  readonly keys: SigningKeys;
  readonly token: TokenEndpointDependencies;
  readonly gateway: GatewayDependencies;
  readonly revocation: RevocationEndpointDependencies;
  readonly signals: SignalDependencies;
  /** What verifies our tokens, without keys that have been revoked. @throws Outage when that cannot be known */
  readonly publishedKeys: () => Promise<SigningKeys["published"]>;
  readonly admin: AdminDependencies;
  /** The newest checkpoint of the audit trail, and the keys that verify it. */
  readonly evidence: () => Promise<object>;
  readonly findResource: (identifier: string) => Promise<Revised<ProtectedResource> | null>;
  readonly findOnlyResource: (origin: string) => Promise<Revised<ProtectedResource> | null>;
}

/** What the runtime lends us for as long as a request lasts. */
export interface Runtime {
  readonly waitUntil: (promise: Promise<unknown>) => void;
  readonly log: (entry: Record<string, string>) => void;
}

/** @throws ConfigInvalid, SigningKeysInvalid: before anything is served, and with the name of what to set */
export function buildServices(env: Env, runtime: Runtime): Services {
  const config = parseConfig(env);
  const keys = SigningKeys.parse(env.SIGNING_KEYS);
  const ledger = new LedgerShards(env.ASSERTION_LEDGER, config.ledger);
  const stateSecret = requireSecret("STATE_SECRET", env.STATE_SECRET);
  const subjectNames = new SubjectNames(config.auditSubjects, stateSecret);
  const recorder = new Recorder({
    names: subjectNames,
    write: (id, serialized) => ledger.record(id, serialized),
    waitUntil: runtime.waitUntil,
    counters: env.COUNTERS,
  });
  const documents = new DocumentSource({
    readText: (key) => env.TRUST_AND_POLICY.get(key, { cacheTtl: LIMITS.trustDocumentFreshSeconds }),
    openCache: () => caches.open("last-known-good"),
    waitUntil: runtime.waitUntil,
  });
  const trust = new TrustStore({
    readText: (key) => documents.read(key),
    readLastKnownGood: (key) => documents.readLastKnownGood(key),
    rules: config.egress,
    freshSeconds: config.documentFreshSeconds,
    onInvalid: (error) => reportInvalid(error, recorder, runtime),
    onChange: (change) => runtime.waitUntil(recordChange(change, recorder)),
  });
  const issuerKeys = new IssuerKeys(env.ISSUER_KEY_SET, config.egress);
  const clientDocuments = new ClientDocuments(env.CLIENT_DOCUMENT_SET, config.egress);
  const nonces = new DpopNonces(stateSecret);
  const accounts = new Accounts(env.ACCOUNT_DIRECTORY, config.ledger);
  const revocations = new Revocations({
    registries: env.REVOCATION_REGISTRY,
    placement: config.ledger,
    waitUntil: runtime.waitUntil,
  });
  const sources = { trust, issuerKeys, clientDocuments, accounts, revocations };
  const parts = { env, runtime, config, keys, ledger, recorder, subjectNames, nonces, ...sources };
  const token = buildTokenEndpoint(parts);
  const only = new OnlyResource(env.TRUST_AND_POLICY, config.issuer);
  return {
    config,
    keys,
    token,
    revocation: { ...token, keys, join: (fences) => revocations.join(fences, "client") },
    gateway: buildGateway(parts),
    signals: buildSignals(parts),
    publishedKeys: () => withoutRevoked(keys.published, revocations),
    admin: buildAdmin(env, { ...parts, isWithin, reportFault: (id, cause) => reportFault(runtime, id, cause) }),
    evidence: () => readEvidence(env),
    findResource: (identifier) => trust.find("resource", identifier),
    findOnlyResource: async (origin) => {
      const identifier = await only.find(origin);
      return identifier === null ? null : trust.find("resource", identifier);
    },
  };
}

interface Parts {
  readonly env: Env;
  readonly runtime: Runtime;
  readonly config: Config;
  readonly keys: SigningKeys;
  readonly ledger: LedgerShards;
  readonly recorder: Recorder;
  readonly subjectNames: SubjectNames;
  readonly trust: TrustStore;
  readonly issuerKeys: IssuerKeys;
  readonly clientDocuments: ClientDocuments;
  readonly accounts: Accounts;
  readonly nonces: DpopNonces;
  readonly revocations: Revocations;
}

function buildTokenEndpoint(parts: Parts): TokenEndpointDependencies {
  const { env, runtime, config, ledger, recorder, trust, issuerKeys, clientDocuments, nonces } = parts;
  return {
    issuer: config.issuer,
    secrets: new ClientSecrets(requireSecret("CLIENT_SECRET_PEPPER", env.CLIENT_SECRET_PEPPER)),
    findClient: (clientId) => findRegisteredClient(clientId, (name) => trust.find("client", name)),
    findClientKey: (client, wanted) =>
      findClientKey(client, wanted, {
        findMetadata: (clientId, keyId) => clientDocuments.find(clientId, keyId),
        findKey: (clientId, source, key) => issuerKeys.find(`client:${clientId}`, source, key),
      }),
    consumeClientAssertion: (owner, spendable) =>
      ledger.consume({
        namespace: "client-assertion",
        owner,
        attemptId: crypto.randomUUID(),
        event: null,
        ...spendable,
      }),
    isNetworkWithinRate: (request) => isWithin(env.NETWORK_RATE_LIMIT, networkOf(request.headers)),
    isClientWithinRate: (clientId) => isWithin(env.CLIENT_RATE_LIMIT, `token:${clientId}`),
    redemption: buildRedemption(parts),
    consumeAssertion: (entry) => consumeAssertion(ledger, entry),
    recorder,
    currentNonce: (nowSeconds) => nonces.current(nowSeconds),
    reportFault: (correlationId, cause) => reportFault(runtime, correlationId, cause),
    reportRefusedRequest: reportsRefused(config, runtime),
  };
}

function buildRedemption({
  config,
  keys,
  ledger,
  trust,
  issuerKeys,
  accounts,
  nonces,
}: Parts): Omit<Dependencies, "consumeAssertion"> {
  return {
    issuer: config.issuer,
    tokenEndpoint: config.tokenEndpoint,
    findIdp: (issuer) => trust.find("idp", issuer),
    findResource: (identifier) => trust.find("resource", identifier),
    findPolicy: (organization) => trust.find("policy", organization),
    findKey: (idp, wanted) => issuerKeys.find(`idp:${idp.issuer}`, idp.key_set, wanted),
    resolveSubject: (organization, query) => accounts.resolve(organization, query),
    acceptsNonce: (nonce, nowSeconds) => nonces.accepts(nonce, nowSeconds),
    signAccessToken: (contents) => signAccessToken(contents, { issuer: config.issuer, keys }),
    consumeProof: (proof) => consumeProof(ledger, proof),
  };
}

function buildGateway(parts: Parts): GatewayDependencies {
  const { env, runtime, config, keys, ledger, recorder, trust, revocations } = parts;
  return {
    issuer: config.issuer,
    keys,
    isRevoked: (facts) => revocations.stops(facts),
    consumeProof: (proof) => consumeProof(ledger, proof),
    findResource: (identifier) => trust.find("resource", identifier),
    findPolicy: (organization) => trust.find("policy", organization),
    isClientWithinRate: (clientId) => isWithin(env.CLIENT_RATE_LIMIT, `gateway:${clientId}`),
    sessions: new Sessions(requireSecret("STATE_SECRET", env.STATE_SECRET)),
    egress: config.egress,
    recorder,
    reportFault: (correlationId, cause) => reportFault(runtime, correlationId, cause),
    reportRefusedRequest: reportsRefused(config, runtime),
  };
}

function buildSignals({ env, runtime, config, trust, issuerKeys, revocations, recorder }: Parts): SignalDependencies {
  const secrets = new ClientSecrets(requireSecret("CLIENT_SECRET_PEPPER", env.CLIENT_SECRET_PEPPER));
  return {
    issuer: config.issuer,
    findIdp: (issuer) => trust.find("idp", issuer),
    findKey: (idp, wanted) => issuerKeys.find(`idp:${idp.issuer}`, idp.key_set, wanted),
    isRevoked: (names) => revocations.stops({ names, signedInAtMilliseconds: Date.now() }),
    isNetworkWithinRate: (request) => isWithin(env.NETWORK_RATE_LIMIT, networkOf(request.headers)),
    isAuthorized: async ({ signals }, authorization) => {
      const digests = signals?.authorization_digests ?? [];
      return digests.length === 0 || secrets.matches(authorization, digests);
    },
    join: (fences, issuer) => revocations.join(fences, `idp:${issuer}`),
    record: (event) => recorder.record(event),
    reportFault: (correlationId, cause) => reportFault(runtime, correlationId, cause),
  };
}

function consumeAssertion(ledger: LedgerShards, { decided, event }: LedgerEntry): Promise<Consumption | "revoked"> {
  return ledger.consume({
    namespace: "id-jag",
    owner: decided.idJag.issuer,
    jti: decided.idJag.jti,
    attemptId: decided.attemptId,
    retainUntilSeconds: decided.window.retainUntilSeconds,
    sharedWith: mayUseAgain(decided),
    event,
    fenced: fencedFacts(decided),
  });
}

function consumeProof(
  ledger: LedgerShards,
  { thumbprint, ...proof }: ConsumableProof,
): Promise<"consumed" | "replayed"> {
  const { jti, attemptId, retainUntilSeconds } = proof;
  return ledger.consume({
    namespace: "dpop-proof",
    owner: thumbprint,
    jti,
    attemptId,
    retainUntilSeconds,
    event: null,
  });
}

/** Advisory: when the limiter itself fails, requests go on, and the ledger's own bounds still hold. */
async function isWithin(limiter: RateLimit, key: string): Promise<boolean> {
  try {
    return (await limiter.limit({ key })).success;
  } catch {
    return true;
  }
}

function requireSecret(name: string, value: string | undefined): string {
  if ((value?.length ?? 0) >= LIMITS.secretCharacters && value !== undefined) return value;
  throw new ConfigInvalid(`${name} is missing or short; set it with: npx wrangler secret put ${name}`);
}
