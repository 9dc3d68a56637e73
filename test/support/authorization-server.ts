import { base64url, createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { vi } from "vitest";
import { TestIdp } from "./test-idp.ts";

/**
 * Authorization servers, identity providers and upstreams in this very isolate, behind `fetch`: objects and tests share
 * it, and what is counted is what would have left the machine. A server does what the specifications say of one, reuse
 * detection included, and shares no code with what it tests.
 */
export class Network {
  readonly #hosts = new Map<string, (request: Request) => Promise<Response>>();

  constructor() {
    vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
      const request = new Request(input, init);
      const serve = this.#hosts.get(new URL(request.url).origin);
      if (serve === undefined) throw new TypeError("no such host");
      return serve(request);
    });
  }

  /** Where whoever is told that something has ended is not there. */
  static ofNobody(): Network {
    return new Network();
  }

  serve(origin: string, handler: (request: Request) => Promise<Response>): void {
    this.#hosts.set(origin, handler);
  }
}

export type Fault = "none" | "unreachable" | "busy" | "silent" | "page" | "invalid_client" | "invalid_grant";

interface Issued {
  readonly user: string;
  /** The refresh tokens that came one from the other. */
  readonly family: string;
}

export class TestAuthorizationServer {
  readonly issuer: string;
  readonly idp: TestIdp;
  readonly secrets = new Map([["us", "hush"]]);
  clientKeys: JSONWebKeySet = { keys: [] };
  /** Forms that came to the token endpoint, whatever became of them. */
  readonly asked: Record<string, string>[] = [];
  /** Forms that came to the revocation endpoint. */
  readonly revocations: Record<string, string>[] = [];
  readonly revokedFamilies = new Set<string>();
  /** What that answers; 404 and no word of it in the metadata when null. */
  revocationStatus: number | null = 200;
  fault: Fault = "none";
  lifetimeSeconds = 600;
  isRotating = true;
  sendsIdTokens = true;
  /** What it says it has granted, where it says so. */
  scope: string | undefined;
  /** What an IdP puts into its grants besides. */
  idJagChanges: Record<string, unknown> = {};
  /** Whom the next refreshed ID token is about, when that is somebody else. */
  idTokenSubject: string | null = null;
  /** Lets a token request wait, when a test wants it to. */
  gate: Promise<unknown> = Promise.resolve();
  readonly #access = new Map<string, string>();
  readonly #refresh = new Map<string, Issued & { isSpent: boolean }>();
  readonly #endedFamilies = new Set<string>();
  readonly #redeemed = new Set<string>();

  private constructor(issuer: string, idp: TestIdp) {
    this.issuer = issuer;
    this.idp = idp;
  }

  static async start(network: Network, issuer: string): Promise<TestAuthorizationServer> {
    const server = new TestAuthorizationServer(issuer, await TestIdp.start({ issuer }));
    network.serve(issuer, (request) => server.handle(request));
    return server;
  }

  /** Whose access token this is; null when it is none, or none any more. */
  ownerOf(accessToken: string): string | null {
    return this.#access.get(accessToken) ?? null;
  }

  endAccess(accessToken: string): void {
    this.#access.delete(accessToken);
  }

  grantTo(user: string, family: string = crypto.randomUUID()): string {
    const token = `refresh-${crypto.randomUUID()}`;
    this.#refresh.set(token, { user, family, isSpent: false });
    return token;
  }

  idTokenOf(user: string, nowSeconds = Math.floor(Date.now() / 1000)): Promise<string> {
    const claims = { iss: this.issuer, aud: "us", sub: user, iat: nowSeconds, exp: nowSeconds + this.lifetimeSeconds };
    return this.idp.sign(claims, { header: { typ: "JWT" } });
  }

  /** Refresh tokens that were sent a second time. */
  get endedFamilies(): number {
    return this.#endedFamilies.size;
  }

  async handle(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (this.fault === "unreachable") throw new TypeError("connection refused");
    if (pathname === "/.well-known/oauth-authorization-server") return Response.json(this.#metadata());
    if (pathname === "/revoke" && this.revocationStatus !== null) return this.#revoked(request, this.revocationStatus);
    if (pathname !== "/token") return new Response("", { status: 404 });
    const form: Record<string, string> = Object.fromEntries((await request.formData()) as Iterable<[string, string]>);
    this.asked.push(form);
    const answer = this.#faulty() ?? (await this.#token(form, request.headers.get("authorization")));
    await this.gate;
    if (this.fault === "silent") throw new TypeError("connection reset");
    return answer;
  }

  /** RFC 7009: of whoever proves who it is. */
  async #revoked(request: Request, status: number): Promise<Response> {
    const form: Record<string, string> = Object.fromEntries((await request.formData()) as Iterable<[string, string]>);
    this.revocations.push(form);
    if (!this.#isClient(form, request.headers.get("authorization"))) return refusal("invalid_client", 401);
    const known = this.#refresh.get(form["token"] ?? "");
    if (status === 200 && known !== undefined) this.revokedFamilies.add(known.family);
    return status === 200 ? new Response(null) : refusal("unsupported_token_type", status);
  }

  #metadata() {
    return {
      ...(this.revocationStatus === null ? {} : { revocation_endpoint: `${this.issuer}/revoke` }),
      issuer: this.issuer,
      token_endpoint: `${this.issuer}/token`,
      token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "private_key_jwt"],
    };
  }

  #faulty(): Response | null {
    if (this.fault === "busy") return new Response("", { status: 503 });
    if (this.fault === "page")
      return new Response('{"error":"invalid_grant"}', { status: 403, headers: { "content-type": "text/html" } });
    if (this.fault === "invalid_client") return refusal("invalid_client", 401);
    return this.fault === "invalid_grant" ? refusal("invalid_grant") : null;
  }

  async #token(form: Record<string, string>, authorization: string | null): Promise<Response> {
    const isClient =
      form["client_assertion"] === undefined ? this.#isClient(form, authorization) : await this.#isSigned(form);
    if (!isClient) return refusal("invalid_client", 401);
    const grant = form["grant_type"] ?? "";
    if (grant === "client_credentials") return this.#issue("us", null);
    if (grant === "refresh_token") return this.#refreshed(form["refresh_token"] ?? "");
    if (grant.endsWith(":jwt-bearer")) return this.#redeem(form["assertion"] ?? "");
    if (grant.endsWith(":token-exchange")) return this.#exchange(form);
    return refusal("unsupported_grant_type");
  }

  #isClient(form: Record<string, string>, authorization: string | null): boolean {
    const [id = "", secret = ""] =
      authorization === null
        ? [form["client_id"], form["client_secret"]]
        : atob(authorization.replace(/^Basic /, ""))
            .split(":")
            .map((part) => decodeURIComponent(part.replaceAll("+", " ")));
    return secret !== "" && this.secrets.get(id) === secret;
  }

  /** RFC 7523 §3, by the keys that the client has published. */
  async #isSigned({ client_id, client_assertion = "" }: Record<string, string>): Promise<boolean> {
    const expected = { issuer: "us", subject: "us", audience: this.issuer, typ: "client-authentication+jwt" };
    const verified = await jwtVerify(client_assertion, createLocalJWKSet(this.clientKeys), expected).catch(() => null);
    return verified !== null && client_id === "us";
  }

  async #refreshed(token: string): Promise<Response> {
    const known = this.#refresh.get(token);
    if (known === undefined) return refusal("invalid_grant");
    if (known.isSpent) this.#endedFamilies.add(known.family);
    const isOver = this.#endedFamilies.has(known.family) || this.revokedFamilies.has(known.family);
    if (isOver) return refusal("invalid_grant");
    if (!this.isRotating) return this.#issue(known.user, null);
    known.isSpent = true;
    return this.#issue(known.user, this.grantTo(known.user, known.family));
  }

  async #issue(user: string, refreshToken: string | null, more: Record<string, unknown> = {}): Promise<Response> {
    const token = `access-${crypto.randomUUID()}`;
    this.#access.set(token, user);
    return Response.json({
      access_token: token,
      token_type: "Bearer",
      expires_in: this.lifetimeSeconds,
      scope: this.scope,
      ...(refreshToken === null ? {} : { refresh_token: refreshToken }),
      ...(this.sendsIdTokens ? { id_token: await this.idTokenOf(this.idTokenSubject ?? user) } : {}),
      ...more,
    });
  }

  /** Of whichever provider; its signature is another test's matter. */
  #redeem(assertion: string): Response | Promise<Response> {
    const claims = claimsOf(assertion);
    const isGood = claims["aud"] === this.issuer && claims["client_id"] === "us" && !this.#redeemed.has(assertion);
    this.#redeemed.add(assertion);
    return isGood ? this.#issue(String(claims["sub"]), null) : refusal("invalid_grant");
  }

  async #exchange(form: Record<string, string>): Promise<Response> {
    const subject = form["subject_token"] ?? "";
    const user = this.#refresh.get(subject)?.user ?? claimsOf(subject)["sub"];
    if (typeof user !== "string") return refusal("invalid_grant");
    const issued_token_type = form["requested_token_type"] ?? "";
    if (!issued_token_type.endsWith(":id-jag")) return this.#issue(user, null, { issued_token_type });
    const { audience: aud, resource } = form;
    const token = await this.idp.issue({ sub: user, aud, resource, client_id: "us", ...this.idJagChanges });
    return Response.json({ access_token: token, issued_token_type, token_type: "N_A", expires_in: 300 });
  }
}

function refusal(error: string, status = 400): Response {
  return Response.json({ error, error_description: "canary-of-the-authorization-server" }, { status });
}

function claimsOf(jwt: string): Record<string, unknown> {
  const [, payload] = jwt.split(".");
  if (payload === undefined) return {};
  return JSON.parse(new TextDecoder().decode(base64url.decode(payload))) as Record<string, unknown>;
}
