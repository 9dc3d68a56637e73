import { describe, expect, it } from "vitest";
import type { Call } from "../../src/gateway/call-record.ts";
import { respondError, respondRefusal } from "../../src/gateway/error-response.ts";
import type { Message } from "../../src/gateway/message.ts";
import { CallRefused } from "../../src/gateway/refusal.ts";
import { makeAccessToken, makeMessage } from "../support/caller.ts";
import { RESOURCE } from "../support/documents.ts";
import { makeResource } from "../support/redemption.ts";

const LIST = makeMessage({ id: "list-1", method: "x/list", target: null });
const STATELESS = { "mcp-protocol-version": "2026-07-28" };

interface Changes {
  readonly message?: Message | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly resource?: Readonly<Record<string, unknown>>;
  readonly boundTo?: string;
}

function makeCall({ message = null, headers = {}, resource = {}, boundTo }: Changes = {}): Call {
  const caller = makeAccessToken({ confirmedKey: boundTo ?? null });
  return {
    request: new Request(RESOURCE, { method: "POST", headers }),
    resource: makeResource(resource),
    resourceRevision: "",
    trace: {
      correlationId: "",
      traceId: "0".repeat(32),
      spanId: "2".repeat(16),
      traceFlags: null,
      receivedAtMilliseconds: 0,
      ray: null,
      colo: null,
    },
    origin: null,
    caller,
    message,
    policyRevision: null,
    policyRules: [],
    obligations: [],
    sessionTakesUrls: false,
    hasBeenHeld: false,
    approvalId: null,
    upstreamStatus: null,
    credential: null,
    guardrails: [],
    member: null,
  };
}

describe("the answer to a refused call", () => {
  it("is a JSON-RPC error under the call's own id, kept by nobody", async () => {
    const response = respondRefusal(makeCall({ message: LIST }), "session_unknown", null);
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
    expect(await respondRefusal(makeCall(), "message_malformed", null).json()).toMatchObject({ id: null });
  });

  it.each([
    ["token_missing", /^Bearer scope=/],
    ["token_expired", /^Bearer error="invalid_token", scope=/],
    ["token_in_query", /^Bearer error="invalid_request", scope=/],
    ["gateway_proof_invalid", /^Bearer error="invalid_dpop_proof", scope=/],
  ] as const)("challenges after %s", (reason, challenge) => {
    expect(respondRefusal(makeCall(), reason, null).headers.get("www-authenticate")).toMatch(challenge);
  });

  it.each([
    "origin_not_allowed",
    "message_malformed",
    "operation_unknown",
    "session_unknown",
    "upstream_refused",
    "upstream_scope_insufficient",
    "upstream_authentication_insufficient",
  ] as const)("does not send a client off for another token after %s", (reason) => {
    expect(respondRefusal(makeCall(), reason, null).headers.get("www-authenticate")).toBeNull();
  });

  it("names the scopes that would do", () => {
    const refusal = new CallRefused("scope_insufficient", { neededScopes: ["files:write"] });
    const response = respondRefusal(makeCall(), "scope_insufficient", refusal);
    expect(response.status).toBe(403);
    expect(response.headers.get("www-authenticate")).toMatch(
      /^Bearer error="insufficient_scope", scope="files:write", /,
    );
  });
});

describe("a sign-in that does not do (RFC 9470 §3)", () => {
  it("is answered with the one that would, and with the scopes that the call needs besides [GW-07]", () => {
    const stepUp = { acrValues: ["phr", "urn:example:mfa"], maximumAgeSeconds: 300 };
    const refusal = new CallRefused("call_authentication", { neededScopes: ["files:write"], stepUp });
    const response = respondRefusal(makeCall(), "call_authentication", refusal);
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toMatch(
      /^Bearer error="insufficient_user_authentication", acr_values="phr urn:example:mfa", max_age="300", scope="files:write", /,
    );
  });
});

describe("the scheme of the challenge (RFC 9449 §7)", () => {
  it.each([
    ["the server takes bound tokens only", { resource: { dpop_required: true } }],
    ["a token came under the DPoP scheme", { headers: { authorization: "dpop a.b.c" } }],
    ["a bound token came as a bearer token", { headers: { authorization: "Bearer a.b.c" }, boundTo: "thumbprint" }],
  ])("is DPoP when %s", (_name, changes) => {
    const challenge = respondRefusal(makeCall(changes), "token_binding", null).headers.get("www-authenticate");
    expect(challenge).toMatch(/^DPoP error="invalid_token", algs="ES256/);
  });

  it("is DPoP when policy wants a bound token for this call", () => {
    const refusal = new CallRefused("token_binding", { isKeyBindingWanted: true });
    const challenge = respondRefusal(makeCall(), "token_binding", refusal).headers.get("www-authenticate");
    expect(challenge).toMatch(/^DPoP error="invalid_token", algs="ES256/);
  });

  it("is Bearer otherwise", () => {
    const call = makeCall({ headers: { authorization: "Bearer a.b.c" } });
    expect(respondRefusal(call, "token_expired", null).headers.get("www-authenticate")).toMatch(/^Bearer /);
  });
});

describe("a method that is not offered [MCPT-08, MCPT-39]", () => {
  it.each([
    ["an ordinary answer in the era of sessions, where a 404 would end the session", {}, LIST, 200, -32_601],
    ["404 in the stateless era (MCP 2026-07-28)", STATELESS, LIST, 404, -32_601],
    ["404 when only the body says which era", {}, { ...LIST, protocolVersion: "2026-07-28" }, 404, -32_601],
    [
      "403 when the method exists and the tool is not offered",
      {},
      { ...LIST, method: "tools/call", target: "drop" },
      403,
      403,
    ],
    [
      "404 for a method that names something too",
      STATELESS,
      { ...LIST, method: "tasks/result", target: "7" },
      404,
      -32_601,
    ],
    ["403 to a notification, which has no answer", {}, { ...LIST, kind: "notification", id: null }, 403, 403],
  ] as const)("is %s", async (_name, headers, message, ...[status, code]) => {
    const response = respondRefusal(makeCall({ headers, message }), "operation_unknown", null);
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
