import { env, exports } from "cloudflare:workers";
import {
  clientDocument,
  idpDocument,
  type Members,
  permitRule,
  policyDocument,
  resourceDocument,
} from "./documents.ts";
import { makeTestKey, signText, TestIdp, type TestKey } from "./test-idp.ts";

export const ISSUER = env.ISSUER;
export const TOKEN_ENDPOINT = `${ISSUER}/token`;
export const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";
export const JWT_DPOP = "urn:ietf:params:oauth:grant-type:jwt-dpop";
export const CLIENT_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** Members that override those of a tenant that is granted everything it asks for. */
export interface TenantChanges {
  readonly idp?: Members;
  readonly client?: Members;
  readonly authentication?: Members;
  readonly resource?: Members;
  readonly rule?: Members;
}

/** A parameter that is undefined is left out of the form. */
export type FormChanges = Readonly<Record<string, string | undefined>>;

export interface RequestChanges {
  readonly form?: FormChanges;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly method?: string;
  /** Instead of the form. */
  readonly body?: BodyInit;
}

/** What `/token` answers, as far as a test looks at it. */
export interface TokenAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** How `client_secret` digests are made (`cli/client-secret.ts` has Node's way of writing it). */
export async function digestSecret(secret: string, pepper: string = env.CLIENT_SECRET_PEPPER): Promise<string> {
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(pepper), algorithm, false, ["sign"]);
  const mac = await crypto.subtle.sign("HMAC", key, encoder.encode(secret));
  return `hmac-sha256:${[...new Uint8Array(mac)].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

export function nowInSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

function omitUndefined(changes: FormChanges): Record<string, string> {
  return Object.fromEntries(
    Object.entries(changes).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

export async function readAnswer(response: Response): Promise<TokenAnswer> {
  const text = await response.text();
  const isJson = text !== "" && response.headers.get("content-type") === "application/json";
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: isJson ? (JSON.parse(text) as Record<string, unknown>) : {},
  };
}

/**
 * One customer of the deployment under test: an identity provider, a client, a resource and a policy under names that
 * no other test uses, because isolates keep documents for 30 s and the ledger keeps what it has seen for longer.
 */
export class Tenant {
  readonly idp: TestIdp;
  readonly clientKey: TestKey;
  readonly name: string;
  readonly secret: string;
  readonly changes: TenantChanges;

  private constructor(name: string, parts: Pick<Tenant, "idp" | "clientKey" | "secret" | "changes">) {
    this.name = name;
    this.idp = parts.idp;
    this.clientKey = parts.clientKey;
    this.secret = parts.secret;
    this.changes = parts.changes;
  }

  static async settle(changes: TenantChanges = {}): Promise<Tenant> {
    const name = crypto.randomUUID();
    const [idp, clientKey] = await Promise.all([
      TestIdp.start({ issuer: `https://${name}.example.com` }),
      makeTestKey("ES256", "client-key"),
    ]);
    const tenant = new Tenant(name, { idp, clientKey, secret: `secret-${crypto.randomUUID()}`, changes });
    await tenant.#publish();
    return tenant;
  }

  get issuer(): string {
    return ISSUER;
  }

  get clientId(): string {
    return `agent-${this.name}`;
  }

  get resource(): string {
    return `${ISSUER}/${this.name}/mcp`;
  }

  get organization(): string {
    return `org-${this.name}`;
  }

  async #publish(): Promise<void> {
    const { idp, client, authentication, resource, rule } = this.changes;
    await Promise.all([
      this.put("idp", this.idp.issuer, {
        ...idpDocument({ issuer: this.idp.issuer, organization: this.organization, key_set: this.idp.jwks }),
        ...idp,
      }),
      this.put("client", this.clientId, {
        ...clientDocument({ client_id: this.clientId, resources: [this.resource] }),
        authentication: { ...(await this.#authentication()), ...authentication },
        ...client,
      }),
      this.put("resource", this.resource, { ...resourceDocument({ resource: this.resource }), ...resource }),
      this.put("policy", this.organization, {
        ...policyDocument({ organization: this.organization }),
        rules: [permitRule({ clients: [this.clientId], resources: [this.resource], ...rule })],
      }),
    ]);
  }

  /** Registered for every method, so that a test chooses by what it sends. */
  async #authentication(): Promise<Members> {
    return {
      methods: ["client_secret_basic", "client_secret_post", "private_key_jwt"],
      secret_digests: [await digestSecret(this.secret)],
      key_set: { keys: [this.clientKey.publicJwk] },
    };
  }

  async put(kind: string, name: string, document: Members): Promise<void> {
    await env.TRUST_AND_POLICY.put(`${kind}:${name}`, JSON.stringify(document));
  }

  /** The claims of an ID-JAG that this tenant is granted a token for. */
  claims(overrides: Members = {}): Members {
    const now = nowInSeconds();
    return {
      iss: this.idp.issuer,
      sub: "user-ada",
      aud: ISSUER,
      client_id: this.clientId,
      jti: crypto.randomUUID(),
      iat: now,
      exp: now + 300,
      scope: "files:read files:write",
      resource: this.resource,
      ...overrides,
    };
  }

  assertion(overrides: Members = {}, options: { header?: Members; key?: TestKey } = {}): Promise<string> {
    return this.idp.sign(this.claims(overrides), options);
  }

  get basic(): string {
    return `Basic ${btoa(`${encodeURIComponent(this.clientId)}:${encodeURIComponent(this.secret)}`)}`;
  }

  clientAssertion(
    claims: Members = {},
    { header = {}, key = this.clientKey }: { header?: Members; key?: TestKey } = {},
  ) {
    const now = nowInSeconds();
    const all = {
      iss: this.clientId,
      sub: this.clientId,
      aud: ISSUER,
      jti: crypto.randomUUID(),
      iat: now,
      exp: now + 60,
      ...claims,
    };
    return signText(JSON.stringify({ alg: key.alg, kid: key.kid, ...header }), JSON.stringify(all), key);
  }

  /** A request for a token with client_secret_basic, but for what `changes` says. */
  async request({ form = {}, headers = {}, method = "POST", body }: RequestChanges = {}): Promise<Request> {
    const assertion = "assertion" in form ? form["assertion"] : await this.assertion();
    const parameters = omitUndefined({ grant_type: JWT_BEARER, ...form, assertion });
    return new Request(TOKEN_ENDPOINT, {
      method,
      headers: omitUndefined({
        authorization: this.basic,
        "content-type": "application/x-www-form-urlencoded",
        "cf-connecting-ip": this.name,
        ...headers,
      }),
      ...(method === "GET" || method === "HEAD" ? {} : { body: body ?? new URLSearchParams(parameters).toString() }),
    });
  }

  /** Through the whole Worker. */
  async redeem(changes: RequestChanges = {}): Promise<TokenAnswer> {
    return readAnswer(await exports.default.fetch(await this.request(changes)));
  }
}
