import { describe, expect, it } from "vitest";
import type { SuppliedCredential } from "../../src/credentials/supplied.ts";
import { LIMITS } from "../../src/limits.ts";
import type { UpstreamCredentialType } from "../../src/trust/upstream-credential.ts";
import { stubUpstream, TestGateway, UPSTREAM } from "../support/gateway.ts";

/**
 * What becomes of an upstream's refusals and failures, whatever was presented to it: a status and a reason that the client
 * can act on, no challenge that would send it off to authorize again, and nothing of what lies between upstream and us.
 */
const SECRET = "the-secret-that-was-presented";
const PRESENTED: Readonly<Record<UpstreamCredentialType, Readonly<Record<string, string>>>> = {
  none: {},
  secret: { "x-api-key": SECRET },
  identity: { authorization: `Bearer ${SECRET}` },
  client_credentials: { authorization: `Bearer ${SECRET}` },
  token_exchange: { authorization: `Bearer ${SECRET}` },
  authorization_code: { authorization: `Bearer ${SECRET}` },
  xaa: { authorization: `Bearer ${SECRET}` },
};
const TYPES = Object.keys(PRESENTED) as UpstreamCredentialType[];
const INTERNAL = new URL(UPSTREAM).hostname;

interface Refused {
  readonly status: number;
  readonly challenge?: string;
  readonly expected: readonly [status: number, errorCode: number | null, reason: string | null];
}

const TALKATIVE = { error: { message: `at ${UPSTREAM} with ${SECRET}` } };
const REFUSALS: readonly Refused[] = [
  { status: 401, challenge: `Bearer realm="${INTERNAL}"`, expected: [502, 502, "upstream_refused"] },
  { status: 403, expected: [502, 502, "upstream_refused"] },
  {
    status: 403,
    challenge: `Bearer error="insufficient_scope", scope="${SECRET}"`,
    expected: [403, 403, "upstream_scope_insufficient"],
  },
  {
    status: 401,
    challenge: `Bearer error="insufficient_user_authentication", acr_values="${SECRET}"`,
    expected: [403, 403, "upstream_authentication_insufficient"],
  },
  { status: 500, expected: [500, null, null] },
  { status: 502, expected: [502, null, null] },
  { status: 503, expected: [503, null, null] },
];

function gatewayPresenting(type: UpstreamCredentialType): Promise<TestGateway> {
  const supplied: SuppliedCredential = {
    headers: new Map(Object.entries(PRESENTED[type])),
    facts: { type, upstreamHost: INTERNAL, kid: null },
  };
  return TestGateway.start({ overrides: { supplyCredential: async () => supplied } });
}

const rows = TYPES.flatMap((type) => REFUSALS.map((refused) => ({ type, ...refused })));

describe("a refusal or failure of the upstream", () => {
  it.each(rows)("$status $challenge, with $type, is $expected", async ({ type, status, challenge, expected }) => {
    const headers = { ...(challenge === undefined ? {} : { "www-authenticate": challenge }), "retry-after": "7" };
    stubUpstream(() => Response.json(TALKATIVE, { status, headers }));
    const gateway = await gatewayPresenting(type);
    const answered = await gateway.call();
    expect([answered.status, answered.errorCode, gateway.events[0]?.reason ?? null]).toEqual(expected);
    expect(gateway.events).toMatchObject([{ upstream_status: status }]);
    expect(answered.challenge).toBeNull();
    const told = answered.text + JSON.stringify([...answered.headers]);
    for (const ours of [SECRET, INTERNAL]) expect(told).not.toContain(ours);
    if (status >= 500) expect(answered.headers.get("retry-after")).toBe("7");
  });

  it.each<[string, string, string]>([
    ["says nothing of ours", '{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"disk full"}}', "kept"],
    ["prints what was presented", `{"message":"bad token ${SECRET}"}`, "dropped"],
    ["prints where it is", `{"message":"connect ${INTERNAL}:5432"}`, "dropped"],
    ["does not end in time or measure", `"${"x".repeat(LIMITS.upstreamErrorBytes)}"`, "dropped"],
  ])("is told in its own words unless it %s", async (_what, text, outcome) => {
    const headers = { "content-type": "application/json" };
    stubUpstream(() => new Response(text, { status: 500, headers }));
    const answered = await (await gatewayPresenting("secret")).call();
    expect([answered.status, answered.text]).toEqual([500, outcome === "kept" ? text : ""]);
  });

  it("prints a token in vain without the scheme that it was presented by", async () => {
    stubUpstream(() => Response.json({ message: `expired: ${SECRET}` }, { status: 500 }));
    expect((await (await gatewayPresenting("xaa")).call()).text).toBe("");
  });

  it("is not told by a stream, and what is on it is not waited for", async () => {
    const endless = new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode(SECRET)) });
    const headers = { "content-type": "text/event-stream" };
    stubUpstream(() => new Response(endless, { status: 500, headers }));
    const answered = await (await gatewayPresenting("secret")).call();
    expect([answered.status, answered.text]).toEqual([500, ""]);
  });

  it("prints a secret in vain that JSON spells otherwise", async () => {
    const secret = 'a "quoted" secret \\ of ours';
    const supplied: SuppliedCredential = {
      headers: new Map([["x-api-key", secret]]),
      facts: { type: "secret", upstreamHost: INTERNAL, kid: null },
    };
    stubUpstream(() => Response.json({ message: secret }, { status: 500 }));
    const gateway = await TestGateway.start({ overrides: { supplyCredential: async () => supplied } });
    expect((await gateway.call()).text).toBe("");
  });
});
