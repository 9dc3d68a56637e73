import { CLIENT_ID, type Deployment } from "./deployment.ts";

/** What differs from request to request is the body alone. */
export interface RequestTemplate {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

const GRANT_TYPE = encodeURIComponent("urn:ietf:params:oauth:grant-type:jwt-bearer");

export function tokenTemplate({ issuer }: Deployment, clientSecret: string): RequestTemplate {
  const credentials = Buffer.from(`${encodeURIComponent(CLIENT_ID)}:${encodeURIComponent(clientSecret)}`);
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

export function toolCallTemplate({ issuer, resource }: Deployment, accessToken: string): RequestTemplate {
  return {
    path: new URL(resource).pathname,
    headers: {
      ...publicHost(issuer),
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      authorization: `Bearer ${accessToken}`,
    },
  };
}

export function toolCallBody(id: number): string {
  const params = { name: "read_file", arguments: { path: "/reports/2026/third-quarter.md" } };
  return JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params });
}

/** Plain HTTP on loopback, told to the Worker as the https of its custom domain: what it sees is a deployment. */
function publicHost(issuer: string): Record<string, string> {
  // Spelled as wrk spells it, which would otherwise send one of its own besides.
  return { Host: new URL(issuer).host, "x-forwarded-proto": "https" };
}
