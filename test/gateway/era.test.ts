import { describe, expect, it } from "vitest";
import { requireEra } from "../../src/gateway/era.ts";
import { parseMessage } from "../../src/gateway/message.ts";
import { CallRefused } from "../../src/gateway/refusal.ts";
import { permitRule } from "../support/documents.ts";
import { reasonsOf, stubUpstream, TestGateway } from "../support/gateway.ts";

const META = { _meta: { "io.modelcontextprotocol/protocolVersion": "2026-07-28" } };

function verdictOn(version: string | null, method: string, params: object | undefined, isNotification = false): string {
  const message = { jsonrpc: "2.0", ...(!isNotification && { id: 1 }), method, ...(params && { params }) };
  const headers = new Headers(version === null ? {} : { "mcp-protocol-version": version });
  try {
    requireEra(headers, parseMessage(new TextEncoder().encode(JSON.stringify(message))));
    return "accepted";
  } catch (error) {
    if (error instanceof CallRefused) return error.reason;
    throw error;
  }
}

describe("the stateless era", () => {
  it("has its version in every request's body, or the request is malformed there [MCPT-16]", () => {
    expect(verdictOn("2026-07-28", "tools/list", META)).toBe("accepted");
    expect(verdictOn("2026-07-28", "tools/list", {})).toBe("message_meta_missing");
    expect(verdictOn("2026-07-28", "tools/list", undefined)).toBe("message_meta_missing");
    expect(verdictOn("2026-07-28", "tools/list", { _meta: {} })).toBe("message_meta_missing");
    expect(verdictOn("2026-07-28", "notifications/x", {}, true)).toBe("accepted");
  });

  it.each(["ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe"])(
    "has no %s, in whatever shape [MCPT-39]",
    (method) => {
      expect(verdictOn("2026-07-28", method, META)).toBe("operation_unknown");
      expect(verdictOn(null, method, { ...META, uri: "a://b" })).toBe("operation_unknown");
    },
  );

  it("says so with 404, to whoever may do it in the other era [MCPT-08]", async () => {
    const upstream = stubUpstream();
    const scopes = { "files:read": { description: "Follow", methods: ["resources/subscribe", "tools/list"] } };
    const rules = [permitRule({ scopes: "any" })];
    const gateway = await TestGateway.start({ resources: [{ scopes }], rules });
    const message = { jsonrpc: "2.0", id: 1, method: "resources/subscribe", params: { uri: "a://b" } };
    expect((await gateway.call({ message })).status).toBe(200);
    const headers = { "mcp-protocol-version": "2026-07-28", "mcp-method": "resources/subscribe", "mcp-name": "a://b" };
    const answered = await gateway.call({ message: { ...message, params: { ...message.params, ...META } }, headers });
    expect([answered.status, answered.errorCode, reasonsOf(gateway)]).toEqual([
      404,
      -32_601,
      [null, "operation_unknown"],
    ]);
    expect(upstream.sent).toHaveLength(1);
  });
});

describe("the era of sessions", () => {
  it("has its version in the header alone, and subscribes to something", () => {
    expect(verdictOn("2025-11-25", "ping", undefined)).toBe("accepted");
    expect(verdictOn("2025-11-25", "resources/subscribe", { uri: "a://b" })).toBe("accepted");
    expect(verdictOn("2025-11-25", "resources/subscribe", {})).toBe("message_malformed");
    expect(verdictOn(null, "resources/unsubscribe", {})).toBe("message_malformed");
    expect(verdictOn(null, "resources/unsubscribe", { uri: 7 })).toBe("message_malformed");
  });
});
