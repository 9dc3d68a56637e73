import type { AuditEvent } from "../../src/audit/audit-event.ts";
import type { Outage } from "../../src/audit/reason.ts";
import { handleConnectRequest } from "../../src/connect/connect-endpoint.ts";
import { ConnectLinks, type WantedConnection } from "../../src/connect/connect-link.ts";
import type { ConnectDependencies } from "../../src/connect/dependencies.ts";
import type { GrantToKeep } from "../../src/vault/kept-grant.ts";
import { Journeys, type Person } from "../../src/connect/journey.ts";
import { Seal } from "../../src/connect/seal.ts";
import type { TextAnswer, TextRequest } from "../../src/egress/exchange.ts";
import { readVerificationKey, type VerificationKey } from "../../src/jwt/json-web-key.ts";
import { chooseKey } from "../../src/jwt/verify.ts";
import { derivePrincipal } from "../../src/redemption/principal.ts";
import { CLIENT, CROSSGATE, IDP, type Members, ORGANIZATION, RESOURCE } from "./documents.ts";
import { makeIdp, makeResource } from "./redemption.ts";
import { formOf, json, scriptedEgress } from "./scripted-egress.ts";
import { TestIdp } from "./test-idp.ts";

export const UPSTREAM_ISSUER = "https://as.files.example.net";
const UPSTREAM = new URL("https://files.example.net/mcp");
export const SECRET = "a-state-secret-of-the-tests";
export const CLIENT_AT_IDP = "crossgate-at-the-idp";

export const SIGN_IN = { client_id: CLIENT_AT_IDP, method: "client_secret_post", secret: "idp-client" };
export const AUTHORIZATION_CODE = {
  type: "authorization_code",
  authorization_server: UPSTREAM_ISSUER,
  client: { kind: "registered", client_id: "crossgate-at-files" },
  scope: "files.read files.write",
};

/** Metadata of an authorization server that does all that it should. */
export function serverMetadata(issuer: string, overrides: Members = {}): Members {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    token_endpoint_auth_methods_supported: ["client_secret_post", "none"],
    code_challenge_methods_supported: ["S256"],
    authorization_response_iss_parameter_supported: true,
    ...overrides,
  };
}

interface Options {
  readonly idp?: Members;
  readonly resource?: Members;
  readonly upstream?: Members;
  readonly provider?: Members;
}

/** Everything of /connect but the Worker around it: its people, their browsers, and the servers that they are sent to. */
export class ConnectWorld {
  readonly links: ConnectLinks;
  readonly granted: { readonly person: Person; readonly resource: string; readonly grant: GrantToKeep }[] = [];
  readonly lent: { readonly person: Person; readonly identity: GrantToKeep }[] = [];
  readonly events: AuditEvent[] = [];
  readonly counted: string[] = [];
  readonly faults: unknown[] = [];
  readonly requests: readonly TextRequest[];
  /** Members that a test changes under way. */
  readonly answers: {
    idToken: Members;
    tokens: Members;
    isRevoked: boolean;
    /** What is said between the last look and the keeping. */
    isRevokedByNow: boolean | Outage;
    failing: Outage | null;
    isWithinRate: boolean;
    /** Which authorization server the upstream says that it trusts (RFC 9728). */
    namedServer: string;
  } = {
    idToken: {},
    tokens: {},
    isRevoked: false,
    isRevokedByNow: false,
    failing: null,
    isWithinRate: true,
    namedServer: UPSTREAM_ISSUER,
  };
  documents: { idp: Members; resource: Members };
  readonly #uses: ConnectDependencies;
  /** By code: who signed in, with what nonce. */
  readonly #signIns = new Map<string, { readonly sub: string; readonly nonce: string }>();

  private constructor(issuer: TestIdp, options: Options) {
    const seal = new Seal(SECRET);
    this.links = new ConnectLinks(seal, CROSSGATE);
    this.documents = {
      idp: { sign_in: SIGN_IN, ...options.idp },
      resource: { upstream_credential: AUTHORIZATION_CODE, ...options.resource },
    };
    const egress = scriptedEgress({
      [`${IDP}/.well-known/oauth-authorization-server`]: json(serverMetadata(IDP, options.provider)),
      [`${UPSTREAM_ISSUER}/.well-known/oauth-authorization-server`]: () =>
        json(serverMetadata(UPSTREAM_ISSUER, options.upstream)),
      [`${UPSTREAM.origin}/.well-known/oauth-protected-resource${UPSTREAM.pathname}`]: () =>
        json({ resource: UPSTREAM.href, authorization_servers: [this.answers.namedServer] }),
      [`${UPSTREAM_ISSUER}/token`]: () => this.#answerToken(),
    });
    this.requests = egress.requests;
    const exchange = async (request: TextRequest): Promise<TextAnswer> =>
      request.url === `${IDP}/token` ? this.#answerSignIn(request, issuer) : egress.exchange(request);
    const spent = new Set<string>();
    this.#uses = {
      issuer: CROSSGATE,
      links: this.links,
      journeys: new Journeys(seal),
      egress: { ...egress, exchange },
      findIdp: async (name) => (name === IDP ? revised(makeIdp(this.documents.idp)) : null),
      findResource: async (name) => (name === RESOURCE ? revised(makeResource(this.documents.resource)) : null),
      findKey: async (_idp, wanted) => chooseKey({ keys: keysOf(issuer) }, wanted),
      resolveSubject: async (_organization, { sub }) => (sub === "ada" ? { account: "account-of-ada" } : "unknown"),
      nameOfAgent: async () => "Example <agent>",
      prove: async ({ client_id: clientId, method, secret }) => {
        if (method === "none") return { method, clientId };
        if (method === "private_key_jwt") throw new TypeError("no key here");
        return { method, clientId, secret: `value of ${secret ?? ""}` };
      },
      spendState: async (state) => {
        if (spent.has(state)) return "replayed";
        spent.add(state);
        return "consumed";
      },
      isRevoked: async () => this.answers.isRevoked,
      isRevokedByNow: async () => {
        if (typeof this.answers.isRevokedByNow !== "boolean") throw this.answers.isRevokedByNow;
        return this.answers.isRevokedByNow;
      },
      keepGrant: async (person, resource, grant) => {
        if (this.answers.failing !== null) throw this.answers.failing;
        this.granted.push({ person, resource, grant });
      },
      keepIdentity: async (person, identity) => void this.lent.push({ person, identity }),
      disconnect: async ({ principal }, { kind, id }) => {
        const kept = kind === "grant" ? this.granted : this.lent;
        const at = kept.findIndex((each) => each.person.principal === principal && idOf(each) === id);
        if (at !== -1) kept.splice(at, 1);
      },
      isNetworkWithinRate: async () => this.answers.isWithinRate,
      recorder: {
        record: async (event: AuditEvent) => void this.events.push(event),
        count: (_channel: string, reason: string) => void this.counted.push(reason),
      } as unknown as ConnectDependencies["recorder"],
      reportFault: (_id, cause) => void this.faults.push(cause),
    };
  }

  static async start(options: Options = {}): Promise<ConnectWorld> {
    return new ConnectWorld(await TestIdp.start(), options);
  }

  /** The link that a call of theirs was answered with. */
  async linkFor(sub: string, overrides: Partial<WantedConnection> = {}): Promise<string> {
    const principal = await derivePrincipal({ issuer: IDP, tenant: null, sub });
    const wanted = {
      organization: ORGANIZATION,
      issuer: IDP,
      tenant: null,
      principal,
      resource: RESOURCE,
      client_id: CLIENT,
    };
    return this.links.make({ ...wanted, ...overrides }, Math.floor(Date.now() / 1000));
  }

  handle(request: Request): Promise<Response> {
    return handleConnectRequest(request, this.#uses);
  }

  /** Somebody signs in where their browser was sent. @returns the address that they are sent back to */
  signInAt(location: string, sub: string): string {
    const { searchParams } = new URL(location);
    const code = crypto.randomUUID();
    this.#signIns.set(code, { sub, nonce: searchParams.get("nonce") ?? "" });
    return answerTo(location, { code, iss: IDP });
  }

  async #answerSignIn(request: TextRequest, issuer: TestIdp): Promise<TextAnswer> {
    (this.requests as TextRequest[]).push(request);
    const found = this.#signIns.get(formOf(request)["code"] ?? "");
    if (found === undefined) return json({ error: "invalid_grant" }, 400);
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: IDP, aud: CLIENT_AT_IDP, iat: now, exp: now + 300, email: `${found.sub}@acme.example` };
    const idToken = await issuer.sign({ ...claims, ...found, ...this.answers.idToken }, { header: { typ: "JWT" } });
    return json({ access_token: "at-idp", token_type: "Bearer", id_token: idToken, refresh_token: "rt-idp" });
  }

  #answerToken(): TextAnswer {
    const { error } = this.answers.tokens;
    if (error !== undefined) return json({ error }, 400);
    return json({ access_token: "at-files", token_type: "Bearer", refresh_token: "rt-files", ...this.answers.tokens });
  }
}

function idOf(kept: ConnectWorld["granted"][number] | ConnectWorld["lent"][number]): string {
  return "grant" in kept ? kept.resource : kept.identity.authorization_server;
}

/** An authorization response to this request, with the state and redirect URI that it named. */
export function answerTo(location: string, members: Readonly<Record<string, string>>): string {
  const { searchParams } = new URL(location);
  const url = new URL(searchParams.get("redirect_uri") ?? "");
  const answer = { state: searchParams.get("state") ?? "", ...members };
  for (const [name, value] of Object.entries(answer)) url.searchParams.set(name, value);
  return url.href;
}

/** As much of a browser as these pages need, with its own cookie; a real one is in journeys/. */
export class Visitor {
  readonly #world: ConnectWorld;
  cookie = "";

  constructor(world: ConnectWorld) {
    this.#world = world;
  }

  async open(url: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.cookie !== "") headers.set("cookie", this.cookie);
    const response = await this.#world.handle(new Request(new URL(url, CROSSGATE), { ...init, headers }));
    for (const line of response.headers.getSetCookie()) this.cookie = line.split(";")[0] ?? "";
    return response;
  }

  /** Opens the link, and signs in. @returns the answer to coming back */
  async signIn(link: string, sub: string): Promise<Response> {
    const sent = await this.open(link);
    return this.open(this.#world.signInAt(sent.headers.get("location") ?? "", sub));
  }

  async csrf(): Promise<string> {
    const page = await (await this.open("/connect/review")).text();
    return /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? "";
  }

  submit(fields: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    const own = {
      origin: CROSSGATE,
      "sec-fetch-site": "same-origin",
      "content-type": "application/x-www-form-urlencoded",
    };
    const body = new URLSearchParams(fields).toString();
    return this.open("/connect/review", { method: "POST", headers: { ...own, ...headers }, body });
  }

  /** @returns where the browser goes on to */
  async agree(): Promise<string> {
    const page = await (await this.submit({ csrf: await this.csrf(), answer: "connect" })).text();
    return (/content="0;url=([^"]+)"/.exec(page)?.[1] ?? "").replaceAll("&amp;", "&");
  }
}

function revised<Document>(document: Document): { readonly document: Document; readonly revision: string } {
  return { document, revision: "r1" };
}

function keysOf(issuer: TestIdp): readonly VerificationKey[] {
  return issuer.jwks.keys.map((key) => readVerificationKey(key)).filter((key) => typeof key !== "string");
}
