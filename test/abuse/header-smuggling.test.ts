import { describe, expect, it } from "vitest";
import { stubUpstream, TestGateway } from "../support/gateway.ts";

/**
 * I08: headers by which a proxy says who somebody is, where a request came from or how to read it. An upstream believes
 * them because only proxies are supposed to write them. CVE-2025-64484 and its like: some servers read "_" and "." in a
 * header's name as "-", so that a stripped name comes back under another spelling.
 */
const NAMES = [
  // Hop by hop (RFC 9110 §7.6.1).
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
  "proxy-authenticate",
  "proxy-authorization",
  // Where from.
  "forwarded",
  "via",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-forwarded-port",
  "x-forwarded-prefix",
  "x-forwarded-server",
  "x-forwarded-uri",
  "x-forwarded-user",
  "x-forwarded-email",
  "x-forwarded-groups",
  "x-forwarded-preferred-username",
  "x-forwarded-client-cert",
  "x-real-ip",
  "x-client-ip",
  "x-cluster-client-ip",
  "x-original-forwarded-for",
  "true-client-ip",
  "fastly-client-ip",
  "client-ip",
  "cf-connecting-ip",
  "cf-connecting-ipv6",
  "cf-ipcountry",
  "cf-ray",
  "cf-visitor",
  "cf-worker",
  "cf-ew-via",
  "cf-access-jwt-assertion",
  "cf-access-authenticated-user-email",
  "cdn-loop",
  "x-envoy-external-address",
  "x-envoy-original-path",
  // Who.
  "cookie",
  "x-user",
  "x-user-id",
  "x-remote-user",
  "remote-user",
  "x-auth-request-user",
  "x-auth-request-email",
  "x-webauth-user",
  "x-authenticated-userid",
  "x-consumer-username",
  "x-tenant-id",
  "x-goog-authenticated-user-email",
  "x-ms-client-principal",
  "x-amzn-oidc-data",
  "client-cert",
  "ssl-client-cert",
  "txn-token",
  "dpop",
  // How to read it.
  "content-encoding",
  "expect",
  "x-http-method-override",
  "x-http-method",
  "x-method-override",
  "x-original-url",
  "x-rewrite-url",
  "x-original-method",
  "range",
  "if-none-match",
  // Under another spelling.
  "x_forwarded_for",
  "x_forwarded_user",
  "x.forwarded.for",
  "cf_connecting_ip",
  "remote_user",
  "mcp_session_id",
  "mcp.session.id",
  "mcp_name",
  "mcp-param-a_b",
  "mcp-param-a.b",
  "mcp_param-a",
  "authorization_",
  // What is MCP's and means nothing to anybody yet.
  "mcp-user",
  "mcp-params-a",
];

it("covers at least eighty names, each once", () => {
  expect(new Set(NAMES).size).toBe(NAMES.length);
  expect(NAMES.length).toBeGreaterThanOrEqual(80);
});

describe("what the upstream is sent [GW-05]", () => {
  it.each(NAMES)("has no %s [CVE-2025-64484, GHSA-7r4p-vjf4-gxv4]", async (name) => {
    const upstream = stubUpstream();
    const gateway = await TestGateway.start();
    expect((await gateway.call({ headers: { [name]: "canary" } })).status).toBe(200);
    expect(upstream.sent.map(({ headers }) => [...headers.keys()])).toEqual([
      ["accept", "accept-encoding", "content-type", "traceparent"],
    ]);
    expect(upstream.everything()).not.toContain("canary");
  });

  it("has none of them when they come all together, and named in Connection [GHSA-x677-9fxg-v5c5]", async () => {
    const upstream = stubUpstream();
    const gateway = await TestGateway.start();
    const all = Object.fromEntries(NAMES.map((name) => [name, "canary"]));
    const headers = { ...all, connection: "accept, mcp-name, content-type, close" };
    expect((await gateway.call({ headers })).status).toBe(200);
    expect(upstream.sent.map(({ headers: sent }) => [...sent.keys()])).toEqual([
      ["accept", "accept-encoding", "content-type", "traceparent"],
    ]);
  });

  it("has the gateway's own media type and encoding, whatever the client says", async () => {
    const upstream = stubUpstream();
    const gateway = await TestGateway.start();
    const headers = { "content-type": 'application/json; charset="UTF-8"', "accept-encoding": "gzip, canary" };
    await gateway.call({ headers });
    expect(upstream.sent[0]?.headers.get("content-type")).toBe("application/json");
    expect(upstream.sent[0]?.headers.get("accept-encoding")).toBe("identity");
  });
});
