import { expect, it, onTestFinished, vi } from "vitest";
import { forward } from "../../src/gateway/forward.ts";
import { CROSSGATE, RESOURCE } from "../support/documents.ts";
import { makeDpopKey } from "../support/dpop.ts";
import {
  type CallChanges,
  LIST_TOOLS,
  READ_FILE,
  seededRandom,
  stubUpstream,
  TestGateway,
  UPSTREAM,
} from "../support/gateway.ts";

/**
 * MCP authorization: a server MUST NOT pass a client's token on. A thousand calls, each with a token of its own and a
 * canary in every place where clients and proxies are known to put credentials; then a search through all that any
 * upstream was ever sent.
 */
const CALLS = 1_000;
const CANARY = "canary-credential";

const CREDENTIAL_HEADERS = [
  "cookie",
  "dpop",
  "proxy-authorization",
  "x-api-key",
  "x-access-token",
  "x-auth-token",
  "x-amz-security-token",
  "x-goog-iap-jwt-assertion",
  "x-forwarded-authorization",
  "x-forwarded-access-token",
  "x-original-authorization",
  "x-csrf-token",
  "x-mcp-authorization",
  "mcp-authorization",
  "authentication",
  "authorization2",
  "www-authenticate",
  "client-cert",
  "x-forwarded-client-cert",
  "cf-access-jwt-assertion",
  "cf-access-client-secret",
  "txn-token",
  "baggage",
];

it(
  "no upstream ever sees a caller's credential [GHSA-c2jp-c369-7pvx, CVE-2026-13341] [MCPA-08, GW-02, GW-03]",
  { timeout: 60_000 },
  async () => {
    const upstream = stubUpstream();
    const payroll = `${CROSSGATE}/mcp/payroll`;
    const gateway = await TestGateway.start({ resources: [{}, { resource: payroll }] });
    const key = await makeDpopKey();
    const random = seededRandom(1);
    const tokens = new Set<string>();
    const pick = <Value>(values: readonly Value[]): Value => values[random(values.length)] as Value;

    for (let index = 0; index < CALLS; index += 1) {
      const isBound = random(4) === 0;
      const url = isBound ? RESOURCE : pick([RESOURCE, payroll]);
      const claims = { aud: url, ...(isBound && { cnf: { jkt: key.thumbprint } }) };
      const token = await gateway.token(claims);
      const canaries = Array.from({ length: 1 + random(4) }, () => [pick(CREDENTIAL_HEADERS), `${CANARY}-${index}`]);
      const proof = isBound ? { dpop: await gateway.proof(key, token) } : {};
      const changes: CallChanges = {
        url: `${url}${pick(["", `?token=${CANARY}`, `?api_key=${CANARY}`])}`,
        token,
        scheme: isBound ? "DPoP" : pick(["Bearer", "bearer", "BEARER"]),
        method: isBound ? "POST" : pick(["POST", "POST", "POST", "GET", "DELETE"]),
        message: pick([READ_FILE, LIST_TOOLS, { jsonrpc: "2.0", method: "notifications/initialized" }]),
        headers: { ...Object.fromEntries(canaries), ...proof },
      };
      const { status } = await gateway.call(changes);
      expect([200, 202]).toContain(status);
      tokens.add(token).add(proof.dpop ?? token);
    }

    expect(upstream.sent).toHaveLength(CALLS);
    const seen = upstream.everything();
    expect(seen).not.toContain(CANARY);
    expect([...tokens].filter((token) => seen.includes(token))).toEqual([]);
    // Nor a part of one: a signature is enough to tell that there was a token.
    expect([...tokens].filter((token) => seen.includes(token.split(".")[2] ?? ""))).toEqual([]);
  },
);

it("no header of 100,000 mixed calls carries anything of the caller's", { timeout: 60_000 }, async () => {
  const random = seededRandom(2);
  const pick = <Value>(values: readonly Value[]): Value => values[random(values.length)] as Value;
  const leaks: string[] = [];
  let sent = 0;
  const double = vi.spyOn(globalThis, "fetch").mockImplementation(async (_url, init) => {
    sent += 1;
    const headers = new Headers(init?.headers);
    headers.forEach((value, name) => {
      if (value.includes(CANARY)) leaks.push(`${name}: ${value}`);
    });
    if (headers.get("authorization") !== "Bearer ours") leaks.push(String(headers.get("authorization")));
    return Response.json({});
  });
  onTestFinished(() => double.mockRestore());
  const ours = new Map([["authorization", "Bearer ours"]]);
  for (let index = 0; index < 100_000; index += 1) {
    const names = ["authorization", ...Array.from({ length: 1 + random(3) }, () => pick(CREDENTIAL_HEADERS))];
    const method = pick(["POST", "GET", "DELETE"]);
    const headers = Object.fromEntries(names.map((name) => [name, `Bearer ${CANARY}-${index}`]));
    const request = new Request(`${RESOURCE}?token=${CANARY}`, { method, headers });
    const response = await forward(
      {
        request,
        trace: { traceId: "1".repeat(32), spanId: "2".repeat(16), traceFlags: null },
        upstream: UPSTREAM,
        rules: { ownHost: "crossgate.example", allowsLoopback: false },
        body: method === "POST" ? "{}" : null,
        upstreamSessionId: random(2) === 0 ? null : "theirs",
        endsAtMilliseconds: null,
      },
      ours,
    );
    await response.body?.cancel();
  }
  expect([sent, leaks]).toEqual([100_000, []]);
});
