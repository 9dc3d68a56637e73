import { env, exports } from "cloudflare:workers";
import { importJWK, type JWK, SignJWT } from "jose";
import { vi } from "vitest";
import { ConnectLinks, type WantedConnection } from "../../src/connect/connect-link.ts";
import { Seal } from "../../src/connect/seal.ts";
import { idpDocument, type Members, resourceDocument } from "../support/documents.ts";
import { ISSUER, nowInSeconds, Tenant } from "../support/tenant.ts";

type Answer = (request: Request) => Response | Promise<Response>;

/**
 * Hosts of the internet, in this isolate; every other request goes out, as it would where nobody watches, and is noted.
 * Nobody has any business to make one.
 */
export class Internet {
  readonly #hosts = new Map<string, Answer>();
  readonly strayed: string[] = [];
  readonly reach = globalThis.fetch.bind(globalThis);

  constructor() {
    vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
      const request = new Request(input, init);
      const answer = this.#hosts.get(new URL(request.url).origin);
      if (answer !== undefined) return follow(request, await answer(request));
      this.strayed.push(request.url);
      return this.reach(request);
    });
  }

  serve(origin: string, answer: Answer): void {
    this.#hosts.set(origin, answer);
  }
}

/** As the runtime would, where it is not told otherwise. */
function follow(request: Request, response: Response): Response | Promise<Response> {
  const location = response.headers.get("location");
  const follows = request.redirect === "follow" && location !== null && URL.canParse(location, request.url);
  return follows ? globalThis.fetch(new URL(location, request.url)) : response;
}

/** A customer, whose people may do everything everywhere, and who has no end of servers and providers. */
export class Customer {
  readonly tenant: Tenant;
  readonly internet: Internet;
  #count = 0;

  private constructor(tenant: Tenant, internet: Internet) {
    this.tenant = tenant;
    this.internet = internet;
  }

  static async settle(internet: Internet): Promise<Customer> {
    const rule = { clients: "any", resources: "any", scopes: "any" };
    return new Customer(await Tenant.settle({ rule }), internet);
  }

  /** An origin of the internet that nobody has heard of. */
  newOrigin(answer: Answer = () => new Response(null, { status: 404 })): string {
    this.#count += 1;
    const origin = `https://n${this.#count}-${this.tenant.name}.example.net`;
    this.internet.serve(origin, answer);
    return origin;
  }

  async trustIdp(changes: Members): Promise<string> {
    const issuer = String(changes["issuer"] ?? this.newOrigin());
    const document = { ...idpDocument({ issuer, organization: this.tenant.organization }), ...changes, issuer };
    await this.tenant.put("idp", issuer, document);
    return issuer;
  }

  /** @returns the URL that clients use */
  async protect(changes: Members): Promise<string> {
    this.#count += 1;
    const resource = `${ISSUER}/${this.tenant.name}/${this.#count}`;
    await this.tenant.put("resource", resource, resourceDocument({ resource, ...changes }));
    return resource;
  }

  /** Calls a tool there, with a token that is good for it. */
  async call(resource: string): Promise<Response> {
    const headers = {
      authorization: `Bearer ${await this.#accessToken(resource)}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "cf-connecting-ip": resource,
    };
    const message = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "read_file", arguments: {} } };
    return exports.default.fetch(new Request(resource, { method: "POST", headers, body: JSON.stringify(message) }));
  }

  redeem(assertion: string, header: Readonly<Record<string, string>> = {}): Promise<unknown> {
    return this.tenant.redeem({ form: { assertion }, headers: header });
  }

  /** A browser that opens what a call of this person's was answered with. */
  async openLink(wanted: Pick<WantedConnection, "issuer" | "resource">): Promise<Response> {
    const { organization, clientId: client_id } = this.tenant;
    const whole = { organization, tenant: null, principal: "usr_ada", client_id, ...wanted };
    const links = new ConnectLinks(new Seal(env.STATE_SECRET), ISSUER);
    return this.browse(await links.make(whole, nowInSeconds()));
  }

  browse(url: string, cookie = ""): Promise<Response> {
    const headers = { cookie, "cf-connecting-ip": crypto.randomUUID() };
    return exports.default.fetch(new Request(url, { headers, redirect: "manual" }));
  }

  send(request: Request): Promise<Response> {
    return exports.default.fetch(request);
  }

  async #accessToken(resource: string): Promise<string> {
    const { keys } = JSON.parse(env.SIGNING_KEYS) as { readonly keys: readonly (JWK & { readonly status: string })[] };
    const { status: _, ...jwk } = keys.find(({ status }) => status === "current") ?? { status: "" };
    const now = nowInSeconds();
    const claims = {
      sub_id: { format: "iss_sub", iss: this.tenant.idp.issuer, sub: "ada" },
      client_id: this.tenant.clientId,
      organization: this.tenant.organization,
      scope: "files:read",
    };
    return new SignJWT(claims)
      .setProtectedHeader({ typ: "at+jwt", alg: "ES256", kid: String(jwk.kid) })
      .setIssuer(ISSUER)
      .setAudience(resource)
      .setSubject("usr_ada")
      .setJti(crypto.randomUUID())
      .setIssuedAt(now)
      .setExpirationTime(now + 300)
      .sign(await importJWK(jwk, "ES256"));
  }
}

/** As a server can put it into a header: in ASCII, and without line ends. */
export function asHeader(text: string): string {
  const line = text.replaceAll(/[\r\n]/g, "").trim();
  return line.replaceAll(/[^\u0020-\u007e]/gu, (char) => encodeURIComponent(char));
}
