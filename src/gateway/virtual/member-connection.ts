import type { EgressRules } from "../../egress/url-policy.ts";
import type { JsonObject } from "../../jwt/strict-json.ts";
import { LIMITS } from "../../limits.ts";
import type { Authorization } from "../bearer.ts";
import type { ForwardedCall } from "../call-record.ts";
import type { Forwarding } from "../forward.ts";
import { ask, notify, type OwnAnswer } from "../own-request.ts";
import { CallRefused } from "../refusal.ts";
import { SESSION_VERSION, SESSION_VERSIONS, STATELESS_VERSION } from "../revisions.ts";
import { isSessionId } from "../session.ts";
import { type Sender, Upstream, type UpstreamDependencies } from "../upstream.ts";
import type { MemberEras } from "./member-eras.ts";
import { headersForMember } from "./member-message.ts";

export interface ConnectionDependencies extends UpstreamDependencies {
  readonly egress: EgressRules;
  readonly memberEras: MemberEras;
  /** Keeps what is left to do alive when the caller has gone. */
  readonly outlast: (work: Promise<unknown>) => void;
}

interface MemberSession {
  /** null where the member has none to speak of. */
  readonly id: string | null;
  readonly version: string;
}

/**
 * A member in the place of one call, in whichever era it speaks. In that of sessions it gets one for this call alone, in
 * which it is told that nobody can be asked anything: its questions would reach a client that holds no such session.
 */
export class MemberConnection implements Sender {
  readonly #call: ForwardedCall;
  readonly #upstream: Upstream;
  readonly #uses: ConnectionDependencies;
  #session: Promise<MemberSession> | null = null;
  #isStateless = false;

  constructor(call: ForwardedCall, authorization: Authorization, uses: ConnectionDependencies) {
    this.#call = call;
    this.#upstream = new Upstream(call, authorization, uses);
    this.#uses = uses;
  }

  /** @returns the revision in which messages for it are to be written. @throws CallRefused, Outage */
  async learnVersion(): Promise<string> {
    const { memberEras } = this.#uses;
    const known = memberEras.find(this.#name);
    const era = known ?? ((await this.#isOfStatelessEra()) ? "stateless" : "sessions");
    this.#isStateless = era === "stateless";
    if (known === null) {
      // A server that is not there is of no era: one that has sessions proves it by opening one.
      if (!this.#isStateless) await this.#openOnce();
      memberEras.learn(this.#name, era);
    }
    return this.#isStateless ? STATELESS_VERSION : SESSION_VERSION;
  }

  async send(forwarding: Forwarding): Promise<Response> {
    return this.#received(await this.#upstream.send(await this.#inSession(forwarding)));
  }

  async sendOnce(forwarding: Forwarding, meetDemands: () => Promise<void>): Promise<Response> {
    return this.#received(await this.#upstream.sendOnce(await this.#inSession(forwarding), meetDemands));
  }

  /** Safe to repeat. */
  close(): void {
    const session = this.#session;
    this.#session = null;
    if (session !== null) this.#uses.outlast(session.then((opened) => this.#end(opened)).catch(() => undefined));
  }

  get #name(): string {
    const { resource, resourceRevision } = this.#call;
    return JSON.stringify([resource.resource, resourceRevision]);
  }

  async #isOfStatelessEra(): Promise<boolean> {
    const asked = await this.#ask(this.#upstream, "server/discover", { version: STATELESS_VERSION, params: {} }).catch(
      (error: unknown) => {
        if (error instanceof CallRefused && error.reason === "upstream_media_type") return null;
        throw error;
      },
    );
    const versions = asked?.result?.["supportedVersions"];
    return Array.isArray(versions) && versions.includes(STATELESS_VERSION);
  }

  #openOnce(): Promise<MemberSession> {
    this.#session ??= this.#open();
    return this.#session;
  }

  async #open(): Promise<MemberSession> {
    const clientInfo = { name: "crossgate", version: "1.0.0" };
    const params = { protocolVersion: SESSION_VERSION, capabilities: {}, clientInfo };
    const { status, headers, result } = await this.#ask(this.#upstream, "initialize", {
      version: SESSION_VERSION,
      params,
    });
    const version = result?.["protocolVersion"];
    const id = headers.get("mcp-session-id");
    const isOpen =
      typeof version === "string" && SESSION_VERSIONS.includes(version) && (id === null || isSessionId(id));
    if (!isOpen) throw new CallRefused("upstream_answer_malformed", { upstreamStatus: status });
    const session = { id, version };
    const told = {
      ...this.#ownRequest("notifications/initialized", { version, params: {} }),
      upstream: this.#upstream,
    };
    const isTold = await notify({ ...told, forwarding: enter(told.forwarding, session) });
    if (!isTold) throw new CallRefused("upstream_answer_malformed");
    return session;
  }

  #ask(upstream: Sender, method: string, asked: Asked): Promise<OwnAnswer> {
    return ask({ ...this.#ownRequest(method, asked), upstream });
  }

  #ownRequest(method: string, { version, params }: Asked) {
    const { request } = this.#call;
    const signal = AbortSignal.any([request.signal, AbortSignal.timeout(LIMITS.memberOpenMilliseconds)]);
    return {
      forwarding: this.#forwarding("POST", version, signal),
      method,
      params,
      statelessVersion: version === STATELESS_VERSION ? version : null,
      signal,
      answerBytes: LIMITS.memberListBytes,
    };
  }

  #forwarding(method: string, version: string, signal: AbortSignal): Forwarding {
    const { request, resource, trace } = this.#call;
    const headers = headersForMember(request.headers, null, version);
    return {
      request: new Request(request.url, { method, headers, signal }),
      trace,
      upstream: resource.upstream,
      rules: this.#uses.egress,
      body: null,
      upstreamSessionId: null,
      endsAtMilliseconds: null,
    };
  }

  async #inSession(forwarding: Forwarding): Promise<Forwarding> {
    return this.#isStateless ? forwarding : enter(forwarding, await this.#openOnce());
  }

  #received(response: Response): Response {
    if (response.status >= 400) this.#uses.memberEras.forget(this.#name);
    return response;
  }

  async #end(session: MemberSession): Promise<void> {
    if (session.id === null) return;
    const signal = AbortSignal.timeout(LIMITS.memberOpenMilliseconds);
    const response = await this.#upstream.send(enter(this.#forwarding("DELETE", session.version, signal), session));
    await response.body?.cancel();
  }
}

interface Asked {
  readonly version: string;
  readonly params: JsonObject;
}

function enter(forwarding: Forwarding, { id, version }: MemberSession): Forwarding {
  const headers = new Headers(forwarding.request.headers);
  headers.set("mcp-protocol-version", version);
  return { ...forwarding, request: new Request(forwarding.request, { headers }), upstreamSessionId: id };
}
