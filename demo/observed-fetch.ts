import type { FetchLike } from "@modelcontextprotocol/client";
import { decodeJwt, decodeProtectedHeader } from "jose";
import type { JWTPayload } from "jose";

export type Leg = "mcp" | "discovery" | "token-exchange" | "redemption";

const LEG_OF_GRANT_TYPE: Readonly<Record<string, Leg>> = {
  "urn:ietf:params:oauth:grant-type:token-exchange": "token-exchange",
  "urn:ietf:params:oauth:grant-type:jwt-bearer": "redemption",
};

/** One request of the agent and its answer, with nothing in it that could be used again. */
export interface Observation {
  leg: Leg;
  method: string;
  url: string;
  status: number;
  /** JSON-RPC method, when the request carried one. */
  mcpMethod: string | undefined;
  sessionId: string | undefined;
  protocolVersion: string | undefined;
  /** The `WWW-Authenticate` header of a refusal. */
  challenge: string | undefined;
  /** The answer of a metadata or token endpoint; an issued token is replaced by `issued`. */
  answer?: Readonly<Record<string, unknown>>;
  issued?: IssuedToken;
}

/** Header and claims only: without its signature a token opens nothing. */
export interface IssuedToken {
  header: Readonly<Record<string, unknown>>;
  claims: JWTPayload;
}

/** A fetch that tells `observe` what went over the wire. It changes nothing on the way. */
export function observedFetch(observe: (observation: Observation) => void): FetchLike {
  return async (url, init) => {
    const response = await fetch(url, init);
    observe(await observation(new URL(url), init ?? {}, response));
    return response;
  };
}

async function observation(url: URL, init: RequestInit, response: Response): Promise<Observation> {
  const leg = legOf(url, init);
  const headers = new Headers(init.headers);
  return {
    leg,
    method: init.method ?? "GET",
    url: url.href,
    status: response.status,
    mcpMethod: leg === "mcp" ? mcpMethod(init.body) : undefined,
    sessionId: headers.get("mcp-session-id") ?? undefined,
    protocolVersion: headers.get("mcp-protocol-version") ?? undefined,
    challenge: response.headers.get("www-authenticate") ?? undefined,
    // An MCP answer may be a stream without end; it belongs to the client alone.
    ...(leg !== "mcp" && (await answerOf(response.clone()))),
  };
}

function legOf(url: URL, init: RequestInit): Leg {
  if (url.pathname.includes("/.well-known/")) return "discovery";
  const form = formOf(init.body);
  return LEG_OF_GRANT_TYPE[form?.get("grant_type") ?? ""] ?? "mcp";
}

function formOf(body: RequestInit["body"]): URLSearchParams | undefined {
  if (body instanceof URLSearchParams) return body;
  return typeof body === "string" && !body.startsWith("{") ? new URLSearchParams(body) : undefined;
}

function mcpMethod(body: RequestInit["body"]): string | undefined {
  if (typeof body !== "string") return undefined;
  const message: unknown = JSON.parse(body);
  return isRecord(message) && typeof message["method"] === "string" ? message["method"] : undefined;
}

async function answerOf(response: Response): Promise<Pick<Observation, "answer" | "issued">> {
  const body: unknown = await response.json().catch(() => undefined);
  if (!isRecord(body)) return {};
  const { access_token: token, ...answer } = body;
  return typeof token === "string" ? { answer, ...issued(token) } : { answer };
}

function issued(token: string): Pick<Observation, "issued"> {
  try {
    return { issued: { header: decodeProtectedHeader(token), claims: decodeJwt(token) } };
  } catch {
    // An opaque access token has nothing to show.
    return {};
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
