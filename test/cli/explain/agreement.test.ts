import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRandomSecret, digestClientSecret } from "../../../cli/client-secret.ts";
import { SqlAuditReader } from "../../../cli/backend/audit-reader.ts";
import { type ExplainedRecord, explainRecords } from "../../../cli/explain/audit-record.ts";
import { parseClaims } from "../../../cli/explain/claims-input.ts";
import { type ExplainedInWords, inWords } from "../../../cli/explain/in-words.ts";
import { explainRedemption } from "../../../src/explain/explanation.ts";
import { ThrowawayKeys } from "../../../src/explain/throwaway-keys.ts";
import { storeOver } from "../../../cli/explain/trust-texts.ts";
import { type LocalCrossgate, startLocalCrossgate } from "../../../cli/local-runtime.ts";
import { createSigningKeys } from "../../../cli/signing-keys.ts";
import { createVaultKeys } from "../../../cli/vault-keys.ts";
import { type Redemption, redeem } from "../../../demo/redeem.ts";
import { eventually } from "../../journeys/support/eventually.ts";
import {
  clientDocument,
  CROSSGATE,
  denyRule,
  idpDocument,
  type Members,
  permitRule,
  resourceDocument,
} from "../../support/documents.ts";
import { TestIdp, validClaims } from "../../support/test-idp.ts";
import { acmeFiles, DEPLOYMENT, policyWith, stored } from "../acme-fixture.ts";

const SECRET = "the-secret-of-every-client-in-this-test";
const PEPPER = createRandomSecret();
const BOUND_SERVER = "https://crossgate.example/mcp/bound";

interface Case {
  readonly client?: string;
  readonly claims?: Members;
  readonly header?: Members;
  readonly scope?: string;
}

const staff = { groups: ["staff"] };

const CASES: readonly (readonly [string, Case])[] = [
  ["nobody in particular", {}],
  ["staff", { claims: staff }],
  ["staff asking for less", { claims: staff, scope: "files:read" }],
  ["staff asking for what they may not have", { claims: staff, scope: "files:write" }],
  ["an admin with a weak sign-in", { claims: { groups: ["admins"], acr: "silver" } }],
  ["an admin with a strong sign-in", { claims: { groups: ["admins"], acr: "gold" } }],
  ["an admin who is staff", { claims: { groups: ["admins", "staff"] } }],
  ["eve of the staff", { claims: { ...staff, sub: "eve" } }],
  ["a bot for the staff", { claims: { ...staff, act: { sub: "bot-1" } } }],
  ["a person for the staff", { claims: { ...staff, act: { sub: "assistant" } } }],
  ["the reader at home", { client: "reader", claims: { client_id: "reader", email: "ada@acme.example" } }],
  ["the reader elsewhere", { client: "reader", claims: { client_id: "reader", email: "ada@evil.example" } }],
  [
    "the reader unverified",
    { client: "reader", claims: { client_id: "reader", email: "a@acme.example", email_verified: false } },
  ],
  ["another client's assertion", { client: "reader" }],
  ["an untrusted issuer", { claims: { iss: "https://idp.example.com/" } }],
  ["another audience", { claims: { aud: "https://crossgate.example/token" } }],
  ["an expired assertion", { claims: { iat: 1_700_000_000, exp: 1_700_000_100 } }],
  ["a long-lived assertion", { claims: { exp: Math.floor(Date.now() / 1000) + 90_000 } }],
  ["an ID token", { header: { typ: "JWT" } }],
  ["a foreign server", { claims: { resource: "https://elsewhere.example/" } }],
  ["a server for bound tokens", { claims: { ...staff, resource: BOUND_SERVER } }],
  ["no scope", { claims: { ...staff, scope: undefined } }],
  ["no server, of two possible", { claims: { ...staff, resource: undefined } }],
  ["authorization details", { claims: { ...staff, authorization_details: [] } }],
];

interface Outcome {
  readonly explained: ExplainedInWords;
  readonly answer: Redemption;
  readonly recorded: ExplainedRecord | undefined;
}

let outcomes: ReadonlyMap<string, Outcome>;
let idp: TestIdp;
let crossgate: LocalCrossgate;
let documents: ReturnType<typeof stored>;
let stateDirectory: string;

beforeAll(async () => {
  idp = await TestIdp.start();
  const authentication = { methods: ["client_secret_basic"], secret_digests: [digestClientSecret(SECRET, PEPPER)] };
  documents = stored(
    acmeFiles({
      "idp/idp.example.com.json": idpDocument({
        key_set: idp.jwks,
        groups_claim: "groups",
        email_domains: ["acme.example"],
      }),
      "client/agent.json": clientDocument({
        authentication,
        resources: ["https://crossgate.example/mcp/files", BOUND_SERVER],
      }),
      "client/reader.json": clientDocument({ client_id: "reader", authentication, scopes: ["files:read"] }),
      "resource/bound.json": resourceDocument({ resource: BOUND_SERVER, dpop_required: true }),
      ...policyWith(
        permitRule({ groups: ["staff"], scopes: ["files:read"] }),
        permitRule({ id: "admins", groups: ["admins"], acr: ["gold"] }),
        permitRule({ id: "reader", clients: ["reader"], email_domains: ["acme.example"], scopes: "any" }),
        denyRule({ id: "no-eve", subjects: ["eve"] }),
        denyRule({ id: "no-bots", condition: 'actor.startsWith("bot-")' }),
      ),
    }),
  );
  stateDirectory = await mkdtemp(join(tmpdir(), "crossgate-test-"));
  crossgate = await startLocalCrossgate({
    port: 0,
    issuer: CROSSGATE,
    documents,
    stateDirectory,
    secrets: {
      SIGNING_KEYS: JSON.stringify(await createSigningKeys()),
      AUDIT_SIGNING_KEYS: JSON.stringify(await createSigningKeys()),
      VAULT_KEYS: JSON.stringify(createVaultKeys()),
      CLIENT_SECRET_PEPPER: PEPPER,
      STATE_SECRET: createRandomSecret(),
    },
  });
  // All at once, since records take some seconds to arrive.
  outcomes = new Map(await Promise.all(CASES.map(async ([what, one]) => [what, await decide(one)] as const)));
});

afterAll(async () => {
  await crossgate.stop();
  await rm(stateDirectory, { recursive: true, force: true });
});

async function explainCase(clientId: string, assertion: string, scope: string | undefined) {
  const world = { issuer: CROSSGATE, store: storeOver(documents, DEPLOYMENT.rules), keys: new ThrowawayKeys() };
  const nowSeconds = Math.floor(Date.now() / 1000);
  const asked = {
    stated: parseClaims(assertion),
    clientId,
    resource: null,
    scope: scope ?? null,
    authorizationDetails: null,
    provesKey: false,
    nowSeconds,
  };
  return inWords(await explainRedemption(asked, world));
}

async function decide({ client = "agent", claims, header = {}, scope }: Case): Promise<Outcome> {
  const assertion = await idp.issue(claims, { header });
  const explained = await explainCase(client, assertion, scope);
  const request = { issuer: crossgate.url, clientId: client, clientSecret: SECRET, assertion };
  const answer = await redeem({ ...request, ...(scope === undefined ? {} : { scope }) });
  const index = {
    name: "the local state",
    audit: new SqlAuditReader(async (sql) => (await crossgate.d1.prepare(sql).all()).results),
  };
  const [recorded] = await eventually("the record of the decision", () =>
    explainRecords(answer.correlationId, index).catch(() => null),
  );
  return { explained, answer, recorded };
}

describe("crossgate explain", () => {
  it.each(CASES.map(([what]) => what))("agrees with a running Crossgate and its record about %s", (what) => {
    const outcome = outcomes.get(what);
    if (outcome === undefined) throw new Error("every case was decided");
    const { decision, error, scope_granted, reason, check, fix, policy_rules } = outcome.explained;
    const { status, claims, error: told = null } = outcome.answer;
    expect({ decision, error }).toEqual({ decision: status === 200 ? "granted" : "refused", error: told });
    expect(scope_granted).toBe(claims?.["scope"] ?? null);
    expect(outcome.recorded).toMatchObject({ fix, record: { decision, reason, check, policy_rules } });
  });

  it("believes no signature, and says so", async () => {
    const claims = validClaims(staff);
    const stranger = await TestIdp.start();
    const assertion = await stranger.sign(claims);
    const explained = await explainCase("agent", assertion, undefined);
    expect(explained.decision).toBe("granted");
    expect(explained.not_checked).toContain("signature");
    const request = { issuer: crossgate.url, clientId: "agent", clientSecret: SECRET, assertion };
    expect((await redeem(request)).error).toBe("invalid_grant");
  });
});
