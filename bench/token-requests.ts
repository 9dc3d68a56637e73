import * as z from "zod";
import { CLIENT_ID, type Deployment } from "./deployment.ts";
import { postOnce } from "./load/connection.ts";

/** What differs from request to request is the body alone. */
export interface RequestTemplate {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

const GRANT_TYPE = encodeURIComponent("urn:ietf:params:oauth:grant-type:jwt-bearer");

export function tokenTemplate({ issuer }: Deployment, clientSecret: string, clientId = CLIENT_ID): RequestTemplate {
  const credentials = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`);
  return {
    path: "/token",
    headers: {
      ...publicHost(issuer),
      "content-type": "application/x-www-form-urlencoded",
      authorization: `Basic ${credentials.toString("base64")}`,
    },
  };
}

export function tokenBody(assertion: string): string {
  return `grant_type=${GRANT_TYPE}&assertion=${assertion}`;
}

/** `accessToken` is null for the server itself, which asks for none. */
export function toolCallTemplate({ issuer, resource }: Deployment, accessToken: string | null): RequestTemplate {
  return {
    path: new URL(resource).pathname,
    headers: {
      ...publicHost(issuer),
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...(accessToken === null ? {} : { authorization: `Bearer ${accessToken}` }),
    },
  };
}

const REPORT = "/reports/2026/third-quarter.md";

export function toolCallBody(id: number, path = REPORT): string {
  const params = { name: "read_file", arguments: { path } };
  return JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params });
}

const tokenResponseSchema = z.object({ access_token: z.string() });

/** Redeems `assertion` at the Crossgate behind `port`. */
export async function obtainToken(deployment: Deployment, port: number, assertion: string): Promise<string> {
  const template = tokenTemplate(deployment, deployment.clientSecret);
  const { status, body } = await postOnce(port, template, tokenBody(assertion));
  if (status !== 200) throw new Error(`no token: ${status} ${body}`);
  return tokenResponseSchema.parse(JSON.parse(body)).access_token;
}

/** Plain HTTP on loopback, told to the Worker as the https of its custom domain: what it sees is a deployment. */
function publicHost(issuer: string): Record<string, string> {
  // Spelled as wrk spells it, which would otherwise send one of its own besides.
  return { Host: new URL(issuer).host, "x-forwarded-proto": "https" };
}
