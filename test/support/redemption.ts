import { type Mock, vi } from "vitest";
import { Outage, type Reason } from "../../src/audit/reason.ts";
import { chooseKey } from "../../src/jwt/verify.ts";
import type { Policy } from "../../src/policy/policy.ts";
import type { IdJag, Presented } from "../../src/redemption/assertion.ts";
import type { Decided, Dependencies } from "../../src/redemption/dependencies.ts";
import type { Outcome } from "../../src/redemption/pipeline.ts";
import { redemption } from "../../src/redemption/redemption.ts";
import { Rejected } from "../../src/redemption/rejection.ts";
import { type Receipt, SealedAccessToken } from "../../src/redemption/sealed-access-token.ts";
import { type Client, GRANT_TYPE_JWT_BEARER } from "../../src/trust/client.ts";
import { type DocumentKind, type ParsedDocument, parseTrustDocument } from "../../src/trust/documents.ts";
import type { ProtectedResource } from "../../src/trust/protected-resource.ts";
import type { TrustedIdp } from "../../src/trust/trusted-idp.ts";
import {
  CLIENT,
  clientDocument,
  CROSSGATE,
  IDP,
  idpDocument,
  type Members,
  ORGANIZATION,
  policyDocument,
  RESOURCE,
  resourceDocument,
} from "./documents.ts";
import { TestIdp, type TestKey, validClaims } from "./test-idp.ts";

/** The second at which everything here happens. */
export const NOW = 1_795_000_000;
export const ATTEMPT = "attempt-1";
export const SEALED = "the-signed-access-token";

const RULES = { ownHost: "crossgate.example", allowsLoopback: false };

/** Parsed by the very code that reads them from KV, so that defaults and shapes are the real ones. */
export function parseDocument<Kind extends DocumentKind>(
  kind: Kind,
  name: string,
  document: Members,
): ParsedDocument<Kind> {
  return parseTrustDocument(kind, { name, text: JSON.stringify(document) }, RULES);
}

export function makeIdp(overrides: Members = {}): TrustedIdp {
  return parseDocument("idp", IDP, idpDocument(overrides));
}

export function makeClient(overrides: Members = {}): Client {
  return parseDocument("client", CLIENT, clientDocument(overrides));
}

export function makeResource(overrides: Members = {}): ProtectedResource {
  return parseDocument("resource", RESOURCE, resourceDocument(overrides));
}

export function makePolicy(overrides: Members = {}): Policy {
  return parseDocument("policy", ORGANIZATION, policyDocument(overrides));
}

export function makeIdJag(overrides: Partial<IdJag> = {}): IdJag {
  return {
    issuer: IDP,
    sub: "user-ada",
    assertionAudience: [CROSSGATE],
    clientId: CLIENT,
    jti: "jti-1",
    issuedAtSeconds: NOW,
    expiresAtSeconds: NOW + 300,
    notBeforeSeconds: null,
    assertedScope: new Set(["files:read", "files:write"]),
    assertedResources: [RESOURCE],
    assertedDetails: undefined,
    actor: null,
    authentication: { authTimeSeconds: null, acr: null, amr: null },
    groups: new Set(),
    emailDomain: null,
    hash: "hash-1",
    confirmedKey: null,
    ...overrides,
  };
}

export function makePresented(overrides: Partial<Presented> = {}): Presented {
  return {
    nowSeconds: NOW,
    attemptId: ATTEMPT,
    client: makeClient(),
    clientRevision: "client-revision",
    grantType: GRANT_TYPE_JWT_BEARER,
    assertion: "",
    requestedScope: null,
    requestedResource: null,
    requestedAuthorizationDetails: null,
    dpopProof: null,
    ...overrides,
  };
}

/** Members that override the documents of `documents.ts`; null where there is to be none. `others` are whole documents. */
export interface Documents {
  readonly idp?: Members | null;
  readonly resource?: Members | null;
  readonly policy?: Members | null;
  readonly others?: { readonly [Kind in "idp" | "resource" | "policy"]?: readonly Members[] };
}

export interface SpiedDependencies extends Dependencies {
  readonly consumeAssertion: Mock<Dependencies["consumeAssertion"]>;
  readonly consumeProof: Mock<Dependencies["consumeProof"]>;
}

let started: TestIdp | null = null;

/** The identity provider of all these tests, made once a file. */
export async function testIdp(): Promise<TestIdp> {
  started ??= await TestIdp.start();
  return started;
}

const NAME_MEMBERS = { idp: "issuer", resource: "resource", policy: "organization" } as const;
const BUILDERS = { idp: idpDocument, resource: resourceDocument, policy: policyDocument };

function finder<Kind extends "idp" | "resource" | "policy">(kind: Kind, documents: Documents) {
  const own = documents[kind];
  const texts = [...(own === null ? [] : [BUILDERS[kind](own)]), ...(documents.others?.[kind] ?? [])];
  const found = new Map(
    texts.map((document) => {
      const name = String(document[NAME_MEMBERS[kind]]);
      return [name, { document: parseDocument(kind, name, document), revision: `${kind}-revision` }];
    }),
  );
  return async (name: string) => found.get(name) ?? null;
}

/** A world in which an ID-JAG of the test IdP is redeemed, but for what `overrides` and `documents` say. */
export async function makeDependencies(
  overrides: Partial<Dependencies> = {},
  documents: Documents = {},
): Promise<SpiedDependencies> {
  const inlineKeys = { key_set: { keys: (await testIdp()).jwks.keys } };
  const idp = documents.idp === null ? null : { ...inlineKeys, ...documents.idp };
  return {
    issuer: CROSSGATE,
    tokenEndpoint: `${CROSSGATE}/token`,
    findIdp: finder("idp", { ...documents, idp }),
    findResource: finder("resource", documents),
    findPolicy: finder("policy", documents),
    findKey: async ({ key_set }, wanted) => {
      if (key_set.kind === "remote") throw new Outage("keys_unavailable");
      return chooseKey(key_set, wanted);
    },
    resolveSubject: async () => "unknown",
    acceptsNonce: async (nonce) => nonce === "good-nonce",
    signAccessToken: async ({ tokenId }) => new SealedAccessToken(SEALED, tokenId, "signing-key"),
    ...overrides,
    consumeProof: vi.fn(overrides.consumeProof ?? (async () => "consumed" as const)),
    consumeAssertion: vi.fn(overrides.consumeAssertion ?? (async () => "consumed" as const)),
  };
}

/** What differs from a redemption that succeeds. Two of them merge member by member. */
export interface Scenario {
  readonly claims?: Members;
  readonly header?: Members;
  readonly signer?: TestKey;
  /** The assertion itself, instead of one signed from `claims` and `header`. */
  readonly assertion?: string;
  readonly presented?: Partial<Presented>;
  readonly documents?: Documents;
  readonly dependencies?: Partial<Dependencies>;
}

export interface Redeemed {
  readonly outcome: Outcome<Presented & Decided & { readonly receipt: Receipt; readonly sealed: SealedAccessToken }>;
  readonly consumeAssertion: SpiedDependencies["consumeAssertion"];
  readonly consumeProof: SpiedDependencies["consumeProof"];
}

/** Runs the whole list of checks. */
export async function redeem(scenario: Scenario = {}): Promise<Redeemed> {
  const idp = await testIdp();
  const { claims = {}, header = {}, signer = idp.key, documents = {}, presented = {} } = scenario;
  const assertion = scenario.assertion ?? (await idp.sign(validClaims(claims, NOW), { header, key: signer }));
  const dependencies = await makeDependencies(scenario.dependencies, documents);
  const outcome = await redemption.run(makePresented({ assertion, ...presented }), dependencies);
  return { outcome, consumeAssertion: dependencies.consumeAssertion, consumeProof: dependencies.consumeProof };
}

/** How it ended, and how often the ledger was asked: what an attack must not have changed. */
export async function verdictOf(
  scenario: Scenario,
): Promise<{ readonly verdict: Reason | "granted"; readonly consumed: number }> {
  const { outcome, consumeAssertion } = await redeem(scenario);
  return { verdict: outcome.completed ? "granted" : outcome.reason, consumed: consumeAssertion.mock.calls.length };
}

/** @returns the reason for which a check refuses, or "accepted". Whatever else is thrown is thrown on. */
export async function reasonOf(check: () => unknown): Promise<Reason | "accepted"> {
  try {
    await check();
    return "accepted";
  } catch (error) {
    if (error instanceof Rejected) return error.reason;
    throw error;
  }
}
