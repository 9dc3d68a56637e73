import { describe, expect, it } from "vitest";
import { CROSSGATE, RESOURCE } from "../support/documents.ts";
import { reasonsOf, stubUpstream, TestGateway } from "../support/gateway.ts";

/** MCP streamable HTTP: a page that rebinds its name to ours sends its own origin with whatever token it has stolen. */
const STRANGERS = [
  "https://evil.example",
  "http://app.example",
  "https://app.example:8443",
  "https://app.example.evil.example",
  "https://evil-app.example",
  "https://sub.app.example",
  "https://app.example/",
  "https://app.example ,https://app.example",
  "HTTPS://APP.EXAMPLE",
  "null",
  "file://",
  "http://localhost",
  "http://127.0.0.1:8787",
  "https://xn--pp-7kc.example",
  CROSSGATE,
];
const METHODS = ["POST", "GET", "DELETE", "OPTIONS", "PUT"];
const APP = "https://app.example";
const resources = [{ allowed_origins: [APP] }];

describe.each(METHODS)("%s", (method) => {
  it.each(STRANGERS)(
    "from %s is refused, good token or not, and may not be read [CVE-2025-66414, CVE-2025-66416] [MCPT-02]",
    async (origin) => {
      const upstream = stubUpstream();
      const gateway = await TestGateway.start({ resources });
      const answered = await gateway.call({ method, headers: { origin } });
      expect([answered.status, answered.headers.get("access-control-allow-origin")]).toEqual([403, null]);
      expect([upstream.sent, reasonsOf(gateway)]).toEqual([[], ["origin_not_allowed"]]);
    },
  );
});

describe("an origin on the list", () => {
  it.each(["POST", "GET", "DELETE"])("is no token: %s", async (method) => {
    const upstream = stubUpstream();
    const gateway = await TestGateway.start({ resources });
    const answered = await gateway.call({ method, headers: { origin: APP }, token: null });
    expect([answered.status, upstream.sent]).toEqual([401, []]);
  });

  it("counts for its own server and for no other", async () => {
    const upstream = stubUpstream();
    const payroll = { resource: `${CROSSGATE}/mcp/payroll` };
    const gateway = await TestGateway.start({ resources: [...resources, payroll] });
    const answered = await gateway.call({ url: payroll.resource, headers: { origin: APP } });
    expect([answered.status, upstream.sent]).toEqual([403, []]);
  });

  it("gets no credentials and no wildcard in any answer [CVE-2026-54290]", async () => {
    stubUpstream();
    const gateway = await TestGateway.start({ resources });
    const answers = await Promise.all(
      [...METHODS, "HEAD"].map((method) => gateway.call({ url: RESOURCE, method, headers: { origin: APP } })),
    );
    expect(answers.map(({ headers }) => headers.get("access-control-allow-origin"))).toEqual(answers.map(() => APP));
    const exposed = answers.map(({ headers }) => headers.get("access-control-allow-credentials"));
    expect(exposed).toEqual(answers.map(() => null));
  });
});
