import { digestClientSecret } from "../../cli/client-secret.ts";
import { PARTIES } from "../../bench/assertions.ts";
import { CLIENT_ID, type Deployment, makeDeployment } from "../../bench/deployment.ts";
import { ISSUER } from "../../bench/subjects.ts";
import type { Sender } from "../../test/support/mutations.ts";
import { makeTestKey, type TestKey } from "../../test/support/test-idp.ts";

export const ADMIN = "torture-admin";
/** No policy lets anybody call such a tool. */
export const FORBIDDEN_TOOL = "forbidden_file";

/** Everybody whose requests are spoiled, and a deployment that grants each of them what he asks for. */
export interface People {
  readonly deployment: Deployment;
  readonly sender: Sender;
  readonly clientKey: TestKey;
  readonly proofKey: TestKey;
  readonly adminKey: TestKey;
}

export async function makePeople(): Promise<People> {
  const made = await makeDeployment(ISSUER);
  const [idpKey, clientKey, proofKey, adminKey] = await Promise.all([
    makeTestKey("ES256", "idp"),
    makeTestKey("ES256", "client"),
    makeTestKey("ES256", "proof"),
    makeTestKey("ES256", "admin"),
  ]);
  const { resource, clientSecret, secrets } = made;
  const documents = {
    ...made.documents,
    ...documentsOf({ made, idpKey, clientKey, adminKey }),
  };
  const sender: Sender = {
    issuer: ISSUER,
    clientId: CLIENT_ID,
    secret: clientSecret,
    resource,
    basic: `Basic ${btoa(`${encodeURIComponent(CLIENT_ID)}:${encodeURIComponent(clientSecret)}`)}`,
    idp: { key: idpKey },
    claims: (overrides = {}) => ({ ...goodClaims(resource), ...overrides }),
  };
  return { deployment: { ...made, secrets, documents }, sender, clientKey, proofKey, adminKey };
}

interface Made {
  readonly made: Deployment;
  readonly idpKey: TestKey;
  readonly clientKey: TestKey;
  readonly adminKey: TestKey;
}

function documentsOf({ made, idpKey, clientKey, adminKey }: Made): Readonly<Record<string, string>> {
  const { clientSecret, secrets, resource } = made;
  const read = (key: string): object => JSON.parse(made.documents[key] ?? "{}") as object;
  const [idp, client, policy] = [`idp:${PARTIES.issuer}`, `client:${CLIENT_ID}`, "policy:acme"];
  const authentication = {
    methods: ["client_secret_basic", "client_secret_post", "private_key_jwt"],
    secret_digests: [digestClientSecret(clientSecret, secrets.CLIENT_SECRET_PEPPER)],
    key_set: { keys: [clientKey.publicJwk] },
  };
  const permit = { id: "permit", effect: "permit", clients: "any", resources: [resource], scopes: "any" };
  const deny = { id: "deny", effect: "deny", clients: "any", resources: "any", calls: { tools: ["forbidden_*"] } };
  const admin = {
    name: ADMIN,
    role: "viewer",
    authentication: { kind: "key", key_set: { keys: [adminKey.publicJwk] } },
  };
  return {
    [idp]: JSON.stringify({ ...read(idp), key_set: { keys: [idpKey.publicJwk] } }),
    [client]: JSON.stringify({ ...read(client), authentication }),
    [policy]: JSON.stringify({ ...read(policy), rules: [permit, deny] }),
    [`admin:${ADMIN}`]: JSON.stringify(admin),
  };
}

function goodClaims(resource: string): Readonly<Record<string, unknown>> {
  const now = nowInSeconds();
  const { issuer, subject } = PARTIES;
  const jti = crypto.randomUUID();
  const scope = "files:read files:write";
  return {
    iss: issuer,
    sub: subject,
    aud: ISSUER,
    client_id: CLIENT_ID,
    jti,
    iat: now,
    exp: now + 300,
    scope,
    resource,
  };
}

export function nowInSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
