import { buildAdmin } from "./admin-services.ts";
import type { AdminDependencies } from "../admin/dependencies.ts";
import { SigningKeys } from "../jwt/signing-keys.ts";
import { Recorder } from "../audit/recorder.ts";
import { SubjectNames } from "../audit/subject-names.ts";
import { type Config, parseConfig } from "../config.ts";
import { DpopNonces } from "../dpop/nonce.ts";
import { ClientDocuments } from "../../durable-objects/client-documents.ts";
import { Approvals } from "../../durable-objects/approvals.ts";
import { Accounts } from "../../durable-objects/accounts.ts";
import { IssuerKeys } from "../../durable-objects/issuer-keys.ts";
import { LedgerShards } from "../../durable-objects/ledger-shards.ts";
import { Revocations } from "../../durable-objects/revocations.ts";
import type { ConnectDependencies } from "../connect/dependencies.ts";
import { Vaults } from "../../durable-objects/vaults.ts";
import type { GatewayDependencies } from "../gateway/gateway.ts";
import { SealedTexts } from "../jwt/sealed-text.ts";
import { withoutRevoked } from "../published-keys.ts";
import type { IntrospectionEndpointDependencies } from "../token-endpoint/introspection-endpoint.ts";
import type { RevocationEndpointDependencies } from "../token-endpoint/revocation-endpoint.ts";
import type { TokenEndpointDependencies } from "../token-endpoint/token-endpoint.ts";
import type { ProtectedResource } from "../trust/protected-resource.ts";
import { OnlyResource } from "../trust/only-resource.ts";
import type { Revised } from "../trust/trust-store.ts";
import { readEvidence } from "../upkeep.ts";
import { buildConnect } from "./connect-services.ts";
import { buildGateway } from "./gateway-services.ts";
import { buildIntrospection } from "./introspection-services.ts";
import type { Runtime } from "./parts.ts";
import { requireSecret } from "./required-secret.ts";
import { buildSignals, type SignalServices } from "./signal-services.ts";
import { buildTrust } from "./trust-services.ts";
import { buildTokenEndpoint } from "./token-services.ts";

/** Everything that one isolate keeps from request to request, built from its bindings once. */
export interface Services extends SignalServices {
  readonly config: Config;
  readonly keys: SigningKeys;
  readonly token: TokenEndpointDependencies;
  readonly gateway: GatewayDependencies;
  readonly connect: ConnectDependencies;
  readonly revocation: RevocationEndpointDependencies;
  readonly introspection: IntrospectionEndpointDependencies;
  /** What verifies our tokens, without keys that have been revoked. @throws Outage when that cannot be known */
  readonly publishedKeys: () => Promise<SigningKeys["published"]>;
  readonly admin: AdminDependencies;
  /** The newest checkpoint of the audit trail, and the keys that verify it. */
  readonly evidence: () => Promise<object>;
  readonly findResource: (identifier: string) => Promise<Revised<ProtectedResource> | null>;
  readonly findOnlyResource: (origin: string) => Promise<Revised<ProtectedResource> | null>;
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
  const revocations = new Revocations({
    registries: env.REVOCATION_REGISTRY,
    placement: config.ledger,
    waitUntil: runtime.waitUntil,
  });
  const { trust, editor } = buildTrust({ env, runtime, config, recorder, revocations });
  const issuerKeys = new IssuerKeys(env.ISSUER_KEY_SET, config.egress);
  const clientDocuments = new ClientDocuments(env.CLIENT_DOCUMENT_SET, config.egress);
  const nonces = new DpopNonces(stateSecret);
  const accounts = new Accounts(env.ACCOUNT_DIRECTORY, config.ledger);
  const approvals = new Approvals(env.APPROVAL_DESK, config.ledger);
  const shownArguments = new SealedTexts(stateSecret, "arguments of held calls v1");
  const vaults = new Vaults(env.VAULT, config.ledger);
  const stores = { issuerKeys, clientDocuments, accounts, approvals, vaults };
  const sources = { trust, editor, shownArguments, revocations, ...stores };
  const parts = { env, runtime, config, keys, ledger, recorder, subjectNames, nonces, ...sources };
  const token = buildTokenEndpoint(parts);
  const only = new OnlyResource(env.TRUST_AND_POLICY, config.issuer);
  return {
    config,
    keys,
    token,
    revocation: { ...token, keys, join: (fences) => revocations.join(fences, "client") },
    introspection: buildIntrospection(parts, token),
    gateway: buildGateway(parts),
    connect: buildConnect(parts),
    ...buildSignals(parts),
    publishedKeys: () => withoutRevoked(keys.published, revocations),
    admin: buildAdmin(parts),
    evidence: () => readEvidence(env),
    findResource: (identifier) => trust.find("resource", identifier),
    findOnlyResource: async (origin) => {
      const identifier = await only.find(origin);
      return identifier === null ? null : trust.find("resource", identifier);
    },
  };
}
