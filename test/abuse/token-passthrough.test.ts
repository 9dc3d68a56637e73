import { expect, it } from "vitest";
import { CROSSGATE, RESOURCE } from "../support/documents.ts";
import { makeDpopKey } from "../support/dpop.ts";
import {
  type CallChanges,
  LIST_TOOLS,
  READ_FILE,
  seededRandom,
  stubUpstream,
  TestGateway,
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
