import { requestIdJag } from "./agent.ts";
import { expect, fact, say, title } from "./narrator.ts";
import { redeem, type Redemption } from "./redeem.ts";
import { ELSEWHERE, IDP_CLIENT, type World } from "./world.ts";

interface Refusal {
  readonly what: string;
  readonly expected: { readonly status: number; readonly error: string; readonly reason: string };
  readonly attempt: () => Promise<{ status: number; error: string | undefined; correlationId: string }>;
}

export interface Refused {
  readonly correlationId: string;
  readonly reason: string;
}

/** Five things that must not work, each tried for real. @returns what the audit trail must say about each */
export async function showRefusals(world: World, idToken: string): Promise<Refused[]> {
  const refused: Refused[] = [];
  for (const [index, refusal] of (await listRefusals(world, idToken)).entries()) {
    title(`Refusal ${index + 1} of 5: ${refusal.what}`);
    // oxlint-disable-next-line no-await-in-loop -- told in order
    const { status, error, correlationId } = await refusal.attempt();
    const { expected } = refusal;
    expect(
      status === expected.status && error === expected.error,
      `${refusal.what}: expected ${expected.status} ${expected.error}, got ${status} ${error ?? "without an error"}`,
    );
    fact("answer", `${status} ${error}`);
    fact("correlation id", correlationId);
    refused.push({ correlationId, reason: expected.reason });
  }
  return refused;
}

async function listRefusals(world: World, idToken: string): Promise<readonly Refusal[]> {
  const { issuer } = world.crossgate;
  const ask = (audience: string, resource: string, scope: string): Promise<string> =>
    requestIdJag({ idp: idpCredentials(world), idToken, audience, resource, scope });
  const used = await ask(issuer, world.everythingUrl, "tools:read");
  const first = await redeemAs(world, "desktop-agent", used);
  expect(first.accessToken !== undefined, `a first redemption was refused: ${first.status} ${first.error}`);
  const { accessToken } = first;
  return [
    {
      what: "the same assertion a second time",
      expected: { status: 400, error: "invalid_grant", reason: "assertion_replayed" },
      attempt: () => redeemAs(world, "desktop-agent", used),
    },
    {
      what: "an assertion for somebody else's authorization server",
      expected: { status: 400, error: "invalid_grant", reason: "assertion_audience" },
      attempt: async () => redeemAs(world, "desktop-agent", await ask(ELSEWHERE, `${ELSEWHERE}/mcp`, "tools:read")),
    },
    {
      what: "an assertion that was issued to another client",
      expected: { status: 400, error: "invalid_grant", reason: "client_mismatch" },
      attempt: async () => redeemAs(world, "browser-agent", await ask(issuer, world.everythingUrl, "tools:read")),
    },
    {
      what: "a scope that the identity provider asserts and Acme's policy does not permit",
      expected: { status: 400, error: "invalid_scope", reason: "policy_scope" },
      attempt: async () => redeemAs(world, "desktop-agent", await ask(issuer, world.everythingUrl, "tools:any")),
    },
    {
      what: "a token for one MCP server used at another",
      expected: { status: 401, error: "invalid_token", reason: "token_audience" },
      attempt: () => callPayroll(world, accessToken),
    },
  ];
}

function idpCredentials({ idp }: World): { issuer: string; clientId: string; clientSecret: string } {
  return { issuer: idp.issuer, clientId: IDP_CLIENT.client_id, clientSecret: IDP_CLIENT.client_secret };
}

function redeemAs({ crossgate, clientSecrets }: World, clientId: string, assertion: string): Promise<Redemption> {
  return redeem({ issuer: crossgate.issuer, clientId, clientSecret: clientSecrets.get(clientId) ?? "", assertion });
}

async function callPayroll(
  { payrollUrl }: World,
  accessToken: string,
): Promise<Awaited<ReturnType<Refusal["attempt"]>>> {
  const response = await fetch(payrollUrl, {
    method: "POST",
    headers: {
      authorization: `Bearer ${accessToken}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }),
  });
  await response.body?.cancel();
  const [, error] = /error="([a-z_]+)"/.exec(response.headers.get("www-authenticate") ?? "") ?? [];
  return { status: response.status, error, correlationId: response.headers.get("crossgate-correlation-id") ?? "" };
}

export function announceRefusals(): void {
  say("\nNow five things that must not work.");
}
