import { type EgressRules, findUrlFlaw } from "../../src/egress/url-policy.ts";
import { decide } from "../../src/policy/decide.ts";
import { compileCallExpression, compileExpression } from "../../src/policy/expression.ts";
import type { Policy } from "../../src/policy/policy.ts";
import type { PolicyRequest } from "../../src/policy/policy-request.ts";
import { readClientMetadata } from "../../src/trust/client-metadata.ts";
import { DocumentInvalid, parseTrustDocument } from "../../src/trust/documents.ts";
import { hold, orRefused, type Target, toText } from "../target.ts";

const RULES: EgressRules = { ownHost: "crossgate.example", allowsLoopback: false };

const REQUEST: PolicyRequest = {
  issuer: "https://idp.example.com",
  idpTenant: null,
  clientId: "agent",
  resource: "https://crossgate.example/mcp/files",
  subject: "ada",
  groups: new Set(["staff"]),
  emailDomain: "acme.example",
  actor: null,
  acr: "1",
  amr: new Set(["pwd"]),
  authTimeSeconds: 1_795_000_000,
  nowSeconds: 1_795_000_100,
  isKeyBound: false,
  scope: new Set(["files:read"]),
  authorizationDetailsTypes: new Set(),
};

const RULE = `{"id":"a","effect":"permit","clients":"any","resources":"any","scopes":"any"}`;
const DENY_ALL = { id: "deny-all", effect: "deny", clients: "any", resources: "any" } as const;

/** Whatever a policy says: never more than was asked, and nothing where a rule denies everything. */
function judge(policy: Policy): void {
  const decision = decide(policy, REQUEST);
  if (decision.effect === "permit") {
    hold(decision.scope.isSubsetOf(REQUEST.scope), "a policy widens no scope");
    hold(decision.authorizationDetailsTypes.size === 0, "a policy adds no details");
    hold(decision.tokenLifetimeSeconds > 0 && decision.tokenLifetimeSeconds <= 3600, "a token lives an hour at most");
    hold(decision.rules.length > 0, "a permit has a rule");
  }
  const denied = decide({ ...policy, rules: [...policy.rules, { ...DENY_ALL }] }, REQUEST);
  hold(denied.effect === "deny", "deny wins");
}

export const POLICY: Target = {
  name: "policy",
  promises: "A policy parses or is refused as a whole, widens nothing, and a deny of everything denies everything.",
  words: [
    "any",
    "permit",
    "deny",
    "condition",
    "groups",
    "acr",
    "calls",
    "tools",
    "not_before",
    "2026-01-01T00:00:00Z",
    '"*"',
    "dpop_required",
    "scopes_required",
    "token_lifetime_seconds",
    "maximum_authentication_age_seconds",
    "tenants",
    "subjects",
    "email_domains",
  ],
  seeds: [
    `{"organization":"acme","rules":[${RULE}]}`,
    `{"organization":"acme","rules":[{"id":"a","effect":"permit","clients":["agent"],"resources":"any","scopes":["files:read"],"groups":["staff"],"acr":["1"],"condition":"subject == 'ada'","token_lifetime_seconds":60,"calls":{"tools":["read_*"],"condition":"arguments.path.startsWith('/public')"}}]}`,
    `{"organization":"acme","rules":[${RULE},{"id":"b","effect":"deny","clients":"any","resources":"any","not_before":"2030-01-01T00:00:00Z","subjects":["eve"]}]}`,
  ],
  run(input) {
    const parse = () => parseTrustDocument("policy", { name: "acme", text: toText(input) }, RULES);
    const policy = orRefused(DocumentInvalid, parse);
    if (policy !== null) judge(policy);
  },
};

const CALL = { method: "tools/call", name: "read_file", arguments: { path: "/a", items: [1, 2, 3] } };
const FACTS = {
  issuer: "i",
  tenant: "",
  client: "c",
  resource: "r",
  subject: "ada",
  groups: ["staff"],
  email_domain: "",
  actor: "",
  acr: "",
  amr: [],
  scope: ["files:read"],
};

/** An expression may fail, which denies; it must not be anything else than true or false. */
function evaluate(evaluation: () => unknown): void {
  let value: unknown;
  try {
    value = evaluation();
  } catch {
    return;
  }
  hold(typeof value === "boolean", "an expression is true or false");
}

export const EXPRESSION: Target = {
  name: "expression",
  promises: "An expression of a policy compiles or has a flaw, ends, and is true or false.",
  words: [
    "groups",
    "subject",
    "arguments",
    ".exists(x, ",
    ".all(x, ",
    ".filter(x, ",
    ".map(x, ",
    "in",
    "size(",
    "startsWith(",
    "matches(",
    "has(",
    "&&",
    "||",
    "==",
    "!",
    "?",
    ":",
    "[0]",
    "duration('1s')",
    "timestamp(",
    "dyn(",
    "{'a': 1}",
  ],
  seeds: [
    "subject == 'ada' && 'staff' in groups",
    "arguments.path.startsWith('/public') || size(arguments.items) < 3",
    "groups.exists(g, g.endsWith('x')) ? true : false",
    "arguments.items.map(x, x + 1)[0] == 2.0 && !has(arguments.y)",
  ],
  run(input) {
    const text = toText(input);
    const [plain, call] = [compileExpression(text), compileCallExpression(text)];
    if (typeof plain === "function") evaluate(() => plain(FACTS));
    if (typeof call === "function") evaluate(() => call({ ...FACTS, ...CALL }));
    hold(
      typeof plain !== "function" ||
        typeof call === "function" ||
        /\b(?:all|exists|exists_one|filter|map)\b/.test(text),
      "what is good without a call is good with one",
    );
  },
};

const CLIENT_ID = "https://agent.example.com/client";
const KEY = `{"kty":"EC","crv":"P-256","x":"ibYNGERVcOIP5GRsA81FrEItFs-wcHA_pE60atDDzcQ","y":"wgkh1XiSUpO5h_e4_h00ZQki8cyfks-XoJV5Y-mOxRw"}`;

export const CLIENT_METADATA: Target = {
  name: "client-metadata",
  promises: "A client's metadata document names its own URL and keys at its own origin, or has a flaw.",
  words: [
    "client_id",
    "jwks",
    "jwks_uri",
    "keys",
    "private_key_jwt",
    "token_endpoint_auth_method",
    "token_endpoint_auth_signing_alg",
    "ES256",
    '"d":"AA"',
    "https://agent.example.com/",
    "client_secret",
    "__proto__",
    "OKP",
    "Ed25519",
  ],
  seeds: [
    `{"client_id":"${CLIENT_ID}","token_endpoint_auth_method":"private_key_jwt","jwks":{"keys":[${KEY}]}}`,
    `{"client_id":"${CLIENT_ID}","token_endpoint_auth_method":"private_key_jwt","jwks_uri":"https://agent.example.com/jwks","token_endpoint_auth_signing_alg":"ES256"}`,
  ],
  run(input) {
    const text = toText(input);
    const metadata = readClientMetadata(text, { clientId: CLIENT_ID, rules: RULES });
    if (typeof metadata === "string") return;
    hold(text.includes(CLIENT_ID) || text.includes("\\"), "a document names its own URL");
    const { keySource } = metadata;
    if (keySource.kind === "inline")
      hold(
        keySource.keys.every(({ material }) => !("d" in material)),
        "no key is private",
      );
    if (keySource.kind === "inline") return hold(keySource.keys.length > 0, "a document has a key");
    hold(new URL(keySource.jwksUri).origin === "https://agent.example.com", "keys are at the document's origin");
    hold(findUrlFlaw(keySource.jwksUri, RULES) === null, "keys are where they may be fetched");
  },
};
