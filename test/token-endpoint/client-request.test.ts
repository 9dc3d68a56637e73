import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { handleIntrospectionRequest } from "../../src/token-endpoint/introspection-endpoint.ts";
import { handleRevocationRequest } from "../../src/token-endpoint/revocation-endpoint.ts";
import { settleResourceServer } from "../support/introspection.ts";
import { startIsolate } from "../support/services.ts";
import { ISSUER } from "../support/tenant.ts";

const REFUSING = { limit: async () => ({ success: false }) };

async function ask(path: "/introspect" | "/revoke", limiter: string): Promise<Response> {
  const { basic } = await settleResourceServer();
  const { services } = startIsolate({ [limiter]: REFUSING });
  const request = new Request(`${ISSUER}${path}`, {
    method: "POST",
    body: new URLSearchParams({ token: "x" }),
    headers: { authorization: basic },
  });
  return path === "/revoke"
    ? handleRevocationRequest(request, services.revocation)
    : handleIntrospectionRequest(request, services.introspection);
}

describe.each(["/introspect", "/revoke"] as const)("a client that shows a token at %s", (path) => {
  it.each(["NETWORK_RATE_LIMIT", "CLIENT_RATE_LIMIT"])(
    "is turned away beyond %s, and told for how long",
    async (limiter) => {
      const answer = await ask(path, limiter);
      expect([answer.status, answer.headers.get("retry-after")]).toEqual([
        429,
        String(LIMITS.rateLimitRetryAfterSeconds),
      ]);
      expect(await answer.json()).toMatchObject({ error: "temporarily_unavailable" });
    },
  );

  it("is answered within both", async () => {
    expect((await ask(path, "SOME_OTHER_BINDING")).status).toBe(200);
  });
});
