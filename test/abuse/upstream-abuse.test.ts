import { describe, expect, it } from "vitest";
import { RESOURCE } from "../support/documents.ts";
import { stubUpstream, TestGateway } from "../support/gateway.ts";

/** I17: a server behind the gateway that is malicious or taken over, and what it would like to do to clients. */
const JSON_TYPE = { "content-type": "application/json" };

const HOSTILE_HEADERS = {
  "set-cookie": "session=theirs; Domain=crossgate.example",
  "set-cookie2": "session=theirs",
  "www-authenticate": 'Bearer resource_metadata="https://evil.example/prm", scope="admin"',
  "proxy-authenticate": "Basic",
  "authentication-info": "x",
  location: "https://evil.example/",
  "content-location": "https://evil.example/",
  refresh: "0; url=https://evil.example/",
  link: '<https://evil.example/>; rel="preload"',
  "access-control-allow-origin": "*",
  "access-control-allow-credentials": "true",
  "access-control-allow-headers": "*",
  "cache-control": "public, max-age=31536000",
  expires: "Thu, 01 Jan 2099 00:00:00 GMT",
  etag: '"1"',
  vary: "*",
  "content-security-policy": "default-src *",
  "strict-transport-security": "max-age=0",
  "clear-site-data": '"*"',
  "alt-svc": 'h3="evil.example:443"',
  "service-worker-allowed": "/",
  sourcemap: "https://evil.example/",
  "x-content-type-options": "sniff",
  "dpop-nonce": "theirs",
  "crossgate-correlation-id": "theirs",
  "mcp-name": "x",
  upgrade: "websocket",
  trailer: "x",
  server: "secret/1.0",
  "x-powered-by": "secret",
};

describe("headers of an answer", () => {
  it.each([200, 202, 400, 404, 500])("are ours, at status %s", async (status) => {
    stubUpstream(() => new Response("{}", { status, headers: { ...HOSTILE_HEADERS, ...JSON_TYPE } }));
    const gateway = await TestGateway.start();
    const { headers } = await gateway.call();
    const names = [...headers.keys()];
    const expected = ["cache-control", "content-type", "crossgate-correlation-id", "vary", "x-content-type-options"];
    expect(names).toEqual(status === 202 ? expected.filter((name) => name !== "content-type") : expected);
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("vary")).toBe("origin");
    expect(headers.get("crossgate-correlation-id")).toBe(gateway.events[0]?.correlation_id);
  });
});

describe("an answer that leads elsewhere", () => {
  const targets = ["https://evil.example/", "http://169.254.169.254/latest/", "/mcp2", RESOURCE, "//evil.example", ""];
  const rows = [300, 301, 302, 303, 304, 305, 307, 308].flatMap((status) =>
    targets.map((location) => ({ status, location })),
  );

  it.each(rows)("$status to '$location' is an error, and one request", async ({ status, location }) => {
    const upstream = stubUpstream(() => new Response(null, { status, headers: { location } }));
    const gateway = await TestGateway.start();
    const answered = await gateway.call();
    expect([answered.status, answered.headers.get("location")]).toEqual([502, null]);
    expect(upstream.sent).toHaveLength(1);
    expect(upstream.sent[0]?.init.redirect).toBe("manual");
    expect(gateway.events).toMatchObject([{ reason: "upstream_redirect", upstream_status: status }]);
  });
});

describe("an answer about credentials", () => {
  it.each([401, 403, 407])(
    "%s is about ours, and would send a client off to authorize at a stranger's",
    async (status) => {
      stubUpstream(() => Response.json({ error: "invalid_token" }, { status, headers: HOSTILE_HEADERS }));
      const gateway = await TestGateway.start();
      const answered = await gateway.call();
      expect([answered.status, answered.errorCode, answered.challenge]).toEqual([502, 502, null]);
      expect(answered.text).not.toContain("invalid_token");
    },
  );
});

describe("an answer that is no MCP", () => {
  const PAGE = "<script>alert(1)</script>";
  // workerd hands these over as they came, and no Response can be made of them again.
  it.each([101, 199, 600, 999])("with status %i is a bad gateway and no fault of ours", async (status) => {
    const odd = Object.defineProperty(new Response("{}", { headers: JSON_TYPE }), "status", { value: status });
    stubUpstream(() => odd);
    const gateway = await TestGateway.start();
    expect((await gateway.call()).status).toBe(502);
    expect(gateway.events).toMatchObject([{ reason: "upstream_refused" }]);
  });

  it.each([
    ["a page", "text/html", 200],
    ["a page that pretends", "text/html; application/json", 200],
    ["two types", "application/json, text/html", 200],
    ["a type that begins like JSON", "application/jsonx", 200],
    ["a script", "text/javascript", 200],
    ["an image", "image/svg+xml", 200],
    ["no type", "", 200],
    ["a page with an error", "text/html", 500],
    ["a page with a lost session", "text/html", 404],
    ["a page with an acceptance", "text/html", 202],
  ])("%s is not passed on", async (_name, contentType, status) => {
    stubUpstream(() => new Response(PAGE, { status, headers: { "content-type": contentType } }));
    const gateway = await TestGateway.start();
    const answered = await gateway.call();
    expect(answered.status).toBe(status === 200 ? 502 : status);
    expect(answered.text).not.toContain("script");
    expect(answered.headers.get("content-type") ?? "").not.toMatch(/html|script|svg/);
  });

  it.each([
    ["spaces", "a b"],
    ["a comma and a space", "a, b"],
    ["a control character", "a\u0001"],
    ["no end", "a".repeat(5_000)],
    ["nothing", ""],
  ])("a session's name with %s is not given out", async (_name, sessionId) => {
    const headers = { ...JSON_TYPE, "mcp-session-id": sessionId };
    stubUpstream(() => new Response("{}", { headers }));
    const answered = await (await TestGateway.start()).call();
    expect([answered.status, answered.headers.get("mcp-session-id")]).toEqual([200, null]);
  });
});

describe("an answer without end", () => {
  it("is read no faster than its client reads, and let go when the client goes", async () => {
    let pulled = 0;
    let isCancelled = false;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(1024 * 1024));
      },
      cancel() {
        isCancelled = true;
      },
    });
    stubUpstream(() => new Response(endless, { headers: { "content-type": "text/event-stream" } }));
    const response = await (await TestGateway.start()).respond();
    const reader = response?.body?.getReader();
    await reader?.read();
    await reader?.read();
    expect(pulled).toBeLessThan(8);
    await reader?.cancel();
    expect(isCancelled).toBe(true);
  });

  it("that is refused is let go at once", async () => {
    let isCancelled = false;
    const endless = new ReadableStream<Uint8Array>({
      cancel() {
        isCancelled = true;
      },
    });
    stubUpstream(() => new Response(endless, { headers: { "content-type": "text/html" } }));
    expect((await (await TestGateway.start()).call()).status).toBe(502);
    expect(isCancelled).toBe(true);
  });

  it("that breaks off breaks off for the client too, and is no fault of ours", async () => {
    const broken = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.error(new TypeError("reset"));
      },
    });
    stubUpstream(() => new Response(broken, { headers: JSON_TYPE }));
    const gateway = await TestGateway.start();
    const response = await gateway.respond();
    await expect(response?.text()).rejects.toThrow();
    expect(gateway.faults).toEqual([]);
  });
});
