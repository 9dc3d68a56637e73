import { describe, expect, it } from "vitest";
import type { Call } from "../../src/gateway/call-record.ts";
import { respondError, respondRefusal } from "../../src/gateway/error-response.ts";
import type { Message } from "../../src/gateway/message.ts";
import { RESOURCE } from "../support/documents.ts";
import { makeResource } from "../support/redemption.ts";

const LIST: Message = {
  kind: "request",
  id: "list-1",
  method: "x/list",
  target: null,
  protocolVersion: null,
  text: "",
};
const STATELESS = { "mcp-protocol-version": "2026-07-28" };

interface Changes {
  readonly message?: Message | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly resource?: Readonly<Record<string, unknown>>;
  readonly boundTo?: string;
}

function makeCall({ message = null, headers = {}, resource = {}, boundTo }: Changes = {}): Call {
  const caller = {
    tokenId: "token-1",
    principal: "usr_ada",
    subject: { issuer: null, sub: null, tenant: null },
    clientId: "agent",
    organization: "acme",
    actor: null,
    scope: new Set<string>(),
    expiresAtSeconds: 0,
    confirmedKey: boundTo ?? null,
  };
  return {
    request: new Request(RESOURCE, { method: "POST", headers }),
    resource: makeResource(resource),
    resourceRevision: "",
    trace: { correlationId: "", traceId: null, receivedAtMilliseconds: 0, ray: null, colo: null },
    origin: null,
    caller,
    message,
    upstreamStatus: null,
  };
}

describe("the answer to a refused call", () => {
  it("is a JSON-RPC error under the call's own id, kept by nobody", async () => {
    const response = respondRefusal(makeCall({ message: LIST }), "session_unknown", []);
    expect(response.status).toBe(404);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await response.json()).toEqual({
      jsonrpc: "2.0",
      id: "list-1",
      error: { code: 404, message: "Unknown session; initialize again." },
    });
  });

  it("has no id where no message could be read", async () => {
    expect(await respondRefusal(makeCall(), "message_malformed", []).json()).toMatchObject({ id: null });
  });

  it.each([
    ["token_missing", /^Bearer scope=/],
    ["token_expired", /^Bearer error="invalid_token", scope=/],
    ["token_in_query", /^Bearer error="invalid_request", scope=/],
    ["gateway_proof_invalid", /^Bearer error="invalid_dpop_proof", scope=/],
  ] as const)("challenges after %s", (reason, challenge) => {
    expect(respondRefusal(makeCall(), reason, []).headers.get("www-authenticate")).toMatch(challenge);
  });

  it.each([
    "origin_not_allowed",
    "message_malformed",
    "operation_unknown",
    "session_unknown",
    "upstream_refused",
  ] as const)("does not send a client off for another token after %s", (reason) => {
    expect(respondRefusal(makeCall(), reason, []).headers.get("www-authenticate")).toBeNull();
  });

  it("names the scopes that would do", () => {
    const response = respondRefusal(makeCall(), "scope_insufficient", ["files:write"]);
    expect(response.status).toBe(403);
    expect(response.headers.get("www-authenticate")).toMatch(
      /^Bearer error="insufficient_scope", scope="files:write", /,
    );
  });
});

describe("the scheme of the challenge (RFC 9449 §7)", () => {
  it.each([
    ["the server takes bound tokens only", { resource: { dpop_required: true } }],
    ["a token came under the DPoP scheme", { headers: { authorization: "dpop a.b.c" } }],
    ["a bound token came as a bearer token", { headers: { authorization: "Bearer a.b.c" }, boundTo: "thumbprint" }],
  ])("is DPoP when %s", (_name, changes) => {
    const challenge = respondRefusal(makeCall(changes), "token_binding", []).headers.get("www-authenticate");
    expect(challenge).toMatch(/^DPoP error="invalid_token", algs="ES256/);
  });

  it("is Bearer otherwise", () => {
    const call = makeCall({ headers: { authorization: "Bearer a.b.c" } });
    expect(respondRefusal(call, "token_expired", []).headers.get("www-authenticate")).toMatch(/^Bearer /);
  });
});

describe("a method that is not offered [MCPT-08, MCPT-39]", () => {
  it.each([
    ["an ordinary answer in the era of sessions, where a 404 would end the session", {}, LIST, 200, -32_601],
    ["404 in the stateless era (MCP 2026-07-28)", STATELESS, LIST, 404, -32_601],
    ["404 when only the body says which era", {}, { ...LIST, protocolVersion: "2026-07-28" }, 404, -32_601],
    ["403 when the method exists and the tool is not offered", {}, { ...LIST, target: "drop" }, 403, 403],
    ["403 to a notification, which has no answer", {}, { ...LIST, kind: "notification", id: null }, 403, 403],
  ] as const)("is %s", async (_name, headers, message, ...[status, code]) => {
    const response = respondRefusal(makeCall({ headers, message }), "operation_unknown", []);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ id: message.id, error: { code } });
  });
});

it.each([
  ["trust_unavailable", 503, "retry-after", "2"],
  ["gateway_rate_limited", 429, "retry-after", "10"],
  ["method_not_allowed", 405, "allow", "POST, GET, DELETE"],
] as const)("%s says what to do next", (reason, status, name, value) => {
  const response = respondError(reason, null);
  expect(response.status).toBe(status);
  expect(response.headers.get(name)).toBe(value);
});
