import { FetchFailed } from "../../src/egress/bounded-fetch.ts";
import { type Egress, openEgress, type TextAnswer } from "../../src/egress/exchange.ts";
import {
  type AuthorizationServer,
  discoverAuthorizationServer,
  discoverIssuerOf,
} from "../../src/oauth-client/discovery.ts";
import { OAuthFailure, type OAuthFlaw } from "../../src/oauth-client/oauth-failure.ts";
import { rulesOfNeighbourhood } from "../check/urls.ts";
import { CommandError } from "../command-error.ts";

/** What a server wants of whoever calls it. */
export type Wants =
  | { readonly kind: "nothing" }
  | { readonly kind: "oauth"; readonly server: AuthorizationServer }
  /** It refuses us, and does not say where a token is to be had. */
  | { readonly kind: "secret"; readonly status: number; readonly flaw: OAuthFlaw };

const BOUNDS = { maximumBytes: 256 * 1024, milliseconds: 10_000 };

/** Calls it once without any credential, and asks whom it names. @throws CommandError where it cannot be asked */
export async function lookAtServer(url: string): Promise<Wants> {
  const egress = openEgress(rulesOfNeighbourhood(url));
  const { status } = await initialize(url, egress);
  if (status >= 200 && status < 300) return { kind: "nothing" };
  if (status !== 401 && status !== 403) {
    throw new CommandError(`${url} answered an initialize with ${status}. Give the URL of the MCP endpoint itself.`);
  }
  try {
    return { kind: "oauth", server: await discoverAuthorizationServer(await discoverIssuerOf(url, egress), egress) };
  } catch (error) {
    if (!(error instanceof OAuthFailure)) throw error;
    return { kind: "secret", status, flaw: error.flaw };
  }
}

async function initialize(url: string, egress: Egress): Promise<TextAnswer> {
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "crossgate", version: "1" } };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params });
  const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
  try {
    // Its head says it all, and its body may be a stream that does not end.
    return await egress.exchange({ url, method: "POST", headers, body, ...BOUNDS, maximumBytes: 0 });
  } catch (error) {
    if (!(error instanceof FetchFailed)) throw error;
    throw new CommandError(`${url} cannot be asked (${error.flaw}). Give an https URL that answers from here.`);
  }
}
