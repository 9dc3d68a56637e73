import type { SuppliedCredential } from "../credentials/supplied.ts";
import { type Authorization, type BearerDependencies, requireTimely } from "./bearer.ts";
import type { ForwardedCall } from "./call-record.ts";
import { type CredentialDependencies, isSameCredential, supplyCredential } from "./credential.ts";
import { forward, type Forwarding } from "./forward.ts";
import { CallRefused } from "./refusal.ts";

/** Who carries what is authorized to a server. */
export type Sender = Pick<Upstream, "send" | "sendOnce">;

export type UpstreamDependencies = Pick<BearerDependencies, "isRevoked"> & CredentialDependencies;

/**
 * The MCP server behind one call, with the credential that it is shown. None is looked for before everything about the
 * call has been decided; and as looking may take a while, the last look at the caller is taken again after it.
 */
export class Upstream {
  readonly #call: ForwardedCall;
  readonly #authorization: Authorization;
  readonly #uses: UpstreamDependencies;
  #credential: SuppliedCredential | null = null;

  constructor(call: ForwardedCall, authorization: Authorization, uses: UpstreamDependencies) {
    this.#call = call;
    this.#authorization = authorization;
    this.#uses = uses;
  }

  /**
   * Where the server refuses our credential, it has not executed the call; so the call is sent once more when there is
   * another credential to be had. @throws CallRefused, Outage
   */
  async send(forwarding: Forwarding): Promise<Response> {
    await this.#requireStillAuthorized();
    const credential = this.#credential ?? (await this.#supply(false));
    try {
      return await forward(forwarding, credential.headers);
    } catch (error) {
      if (credential.headers.size === 0 || !isUnauthorized(error)) throw error;
      const another = await this.#supply(true);
      if (isSameCredential(credential, another)) throw error;
      return forward(forwarding, another.headers);
    }
  }

  /**
   * For what must never be sent twice, whatever the server says of our credential. `meetDemands` comes after all else that
   * could fail, since what it uses up is gone. @throws CallRefused, Outage, and what `meetDemands` throws
   */
  async sendOnce(forwarding: Forwarding, meetDemands: () => Promise<void>): Promise<Response> {
    await this.#requireStillAuthorized();
    const { headers } = this.#credential ?? (await this.#supply(false));
    await meetDemands();
    await this.#requireStillAuthorized();
    try {
      return await forward(forwarding, headers);
    } catch (error) {
      // For whoever calls next: a credential that has been refused is not kept.
      if (headers.size > 0 && isUnauthorized(error)) await this.#supply(true).catch(() => undefined);
      throw error;
    }
  }

  async #supply(isRefused: boolean): Promise<SuppliedCredential> {
    const supplied = await supplyCredential(this.#call, this.#authorization.token, { uses: this.#uses, isRefused });
    if (supplied.headers.size > 0) await this.#requireStillAuthorized();
    this.#credential = supplied;
    return supplied;
  }

  /** Once more, since a body may be held open for as long as its sender likes; and the clock last of all. */
  async #requireStillAuthorized(): Promise<void> {
    if (await this.#uses.isRevoked(this.#authorization.token.fenced)) throw new CallRefused("token_revoked");
    requireTimely(this.#authorization);
  }
}

function isUnauthorized(error: unknown): boolean {
  return error instanceof CallRefused && error.reason === "upstream_refused" && error.upstreamStatus === 401;
}
