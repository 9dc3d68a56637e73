import { createRandomSecret, digestClientSecret } from "../cli/client-secret.ts";
import { createSigningKeys } from "../cli/signing-keys.ts";
import { createVaultKeys } from "../cli/vault-keys.ts";
import { IdentityProvider, PARTIES } from "./assertions.ts";

const ORGANIZATION = "acme";
export const CLIENT_ID = "desktop-agent";
export const POLICY_RULES = 100;

/** One enterprise with one identity provider, one agent, one MCP server and a policy of ordinary size. */
export interface Deployment {
  readonly issuer: string;
  readonly resource: string;
  readonly clientSecret: string;
  readonly idp: IdentityProvider;
  /** By their keys in KV. */
  readonly documents: Readonly<Record<string, string>>;
  readonly secrets: {
    readonly SIGNING_KEYS: string;
    readonly AUDIT_SIGNING_KEYS: string;
    readonly VAULT_KEYS: string;
    readonly CLIENT_SECRET_PEPPER: string;
    readonly STATE_SECRET: string;
  };
}

export async function makeDeployment(issuer: string): Promise<Deployment> {
  const resource = `${issuer}/files/mcp`;
  const clientSecret = createRandomSecret();
  const idp = new IdentityProvider({ audience: issuer, clientId: CLIENT_ID, resource });
  const secrets = {
    SIGNING_KEYS: JSON.stringify(await createSigningKeys()),
    AUDIT_SIGNING_KEYS: JSON.stringify(await createSigningKeys()),
    VAULT_KEYS: JSON.stringify(createVaultKeys()),
    CLIENT_SECRET_PEPPER: createRandomSecret(),
    STATE_SECRET: createRandomSecret(),
  };
  const digest = digestClientSecret(clientSecret, secrets.CLIENT_SECRET_PEPPER);
  const documents = {
    [`idp:${PARTIES.issuer}`]: JSON.stringify({
      issuer: PARTIES.issuer,
      name: "Acme Workforce",
      organization: ORGANIZATION,
      // Inline, so that nothing here depends on how fast a key set is fetched.
      key_set: { keys: [idp.publicJwk] },
      algorithms: ["ES256"],
    }),
    [`client:${CLIENT_ID}`]: JSON.stringify({
      client_id: CLIENT_ID,
      name: "Desktop agent",
      authentication: { methods: ["client_secret_basic"], secret_digests: [digest] },
      resources: [resource],
      scopes: "any",
    }),
    [`resource:${resource}`]: JSON.stringify({
      resource,
      name: "Files",
      upstream: "https://files.upstream.example/mcp",
      scopes: {
        "files:read": { description: "Read files", methods: ["tools/list"], tools: ["read_file"] },
        "files:write": { description: "Write files", tools: ["write_file"] },
      },
    }),
    [`policy:${ORGANIZATION}`]: JSON.stringify(policyDocument(POLICY_RULES, resource)),
  };
  return { issuer, resource, clientSecret, idp, documents, secrets };
}

/** What the rules that nearly match are told apart by. */
export type PolicyKind = "lists" | "groups" | "expressions";

/** In each rule that is told apart by groups: ten thousand values in a policy of a thousand rules. */
const GROUPS_PER_RULE = 50;

/** As long as the identifiers that directories give to groups. */
export function groupName(number: number): string {
  return `7f3a0c52-9d1e-4b6f-8a2c-${String(number).padStart(12, "0")}`;
}

/** One rule permits what the bench asks for; the others are about other agents, servers and people, as most rules are. */
export function policyDocument(ruleCount: number, resource: string, kind: PolicyKind = "lists"): object {
  const matching = {
    id: "desktop-agent-files",
    effect: "permit",
    clients: [CLIENT_ID],
    resources: [resource],
    scopes: ["files:read", "files:write"],
  };
  const others = Array.from({ length: ruleCount - 1 }, (_, number) => otherRule(number, resource, kind));
  const middle = Math.floor(others.length / 2);
  return { organization: ORGANIZATION, rules: others.toSpliced(middle, 0, matching) };
}

function otherRule(number: number, resource: string, kind: PolicyKind): object {
  const common = { id: `rule-${number}`, clients: [`agent-${number}`, `agent-${number + 1}`] };
  // Every fifth matches in all but the last thing compared, the dearest way not to match.
  if (number % 5 === 0) {
    return { ...common, effect: "deny", clients: "any", resources: [resource], ...lastCondition(number, kind) };
  }
  return { ...common, effect: "permit", resources: [`${resource}/${number}`], scopes: ["files:read"] };
}

function lastCondition(number: number, kind: PolicyKind): object {
  if (kind === "expressions") return { condition: expressionOf(number) };
  if (kind === "lists") return { subjects: [`00u-${number}`] };
  return { groups: Array.from({ length: GROUPS_PER_RULE }, (_, at) => groupName((number / 5) * GROUPS_PER_RULE + at)) };
}

function expressionOf(number: number): string {
  return `subject == "00u-${number}" || groups.exists(group, group == "contractors-${number}")`;
}
