import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectAgent } from "../../demo/agent.ts";
import { signIn } from "../../demo/sign-in.ts";
import type { LocalCrossgate } from "../../cli/local-runtime.ts";
import { derivePrincipal } from "../../src/redemption/principal.ts";
import { eventually } from "./support/eventually.ts";
import { ADA, AGENT, GATEWAY, startTwoCrossgates, type TwoCrossgates } from "./support/two-crossgates.ts";
import { vaultOf } from "./support/vault.ts";

let world: TwoCrossgates;

beforeAll(async () => {
  world = await startTwoCrossgates();
});
afterAll(() => world?.stop());

async function signInAda(client: typeof AGENT): Promise<string> {
  const { email, password } = ADA;
  const at = { issuer: world.idp.issuer, clientId: client.client_id, clientSecret: client.client_secret };
  const { idToken } = await signIn({ ...at, redirectUri: client.redirect_uri, email, password });
  return idToken;
}

async function connectAda() {
  const { idp, front, frontUrl, agentSecret } = world;
  return connectAgent({
    mcpUrl: frontUrl,
    idp: { issuer: idp.issuer, clientId: AGENT.client_id, clientSecret: AGENT.client_secret },
    resourceAuthorizationServer: { issuer: front.issuer, clientId: "agent", clientSecret: agentSecret },
    idToken: await signInAda(AGENT),
  });
}

async function adasVault() {
  const principal = await derivePrincipal({ issuer: world.idp.issuer, tenant: null, sub: ADA.subject });
  const owner = { organization: "acme", owner: principal };
  return { owner, vault: await vaultOf(world.front, owner) };
}

/** What she lends the gateway when she signs in for it. */
async function lendIdentity(): Promise<void> {
  const { owner, vault } = await adasVault();
  const now = Date.now();
  const kept = await vault.keepIdentity(owner, {
    authorization_server: world.idp.issuer,
    client: { client_id: GATEWAY.client_id, method: "client_secret_post", secret: "gateway-at-idp" },
    subject: ADA.subject,
    upstream: "",
    resource: null,
    binding: null,
    scope: null,
    refresh_token: null,
    token: await signInAda(GATEWAY),
    token_issued_at: now,
    token_expires_at: now + 300_000,
    signed_in_at: now,
  });
  expect(kept).toBe("kept");
}

/** @returns null while there are fewer */
async function recorded(
  { d1 }: LocalCrossgate,
  type: string,
  count: number,
): Promise<Record<string, unknown>[] | null> {
  const { results } = await d1.prepare("SELECT event FROM audit_event ORDER BY time, sequence").all();
  const all = results.map(({ event }) => JSON.parse(String(event)) as Record<string, unknown>);
  const found = all.filter((event) => event["type"] === type);
  return found.length < count ? null : found;
}

describe("an MCP server that takes tokens of its own authorization server alone", () => {
  it("is not reached by somebody who has lent the gateway nothing", async () => {
    await expect(connectAda()).rejects.toThrow();
  });

  it("is reached as the person who calls, by an ID-JAG of the gateway's own, and by one for many calls [JAG-L-01, GW-02, GW-03]", async () => {
    await lendIdentity();
    const agent = await connectAda();
    expect(await agent.listToolNames()).toContain("echo");
    const said = await Promise.all(["one", "two", "three"].map((word) => agent.echo(word)));
    expect(said.map((text) => text.replace(/^Echo: /, ""))).toEqual(["one", "two", "three"]);
    await agent.close();
    // The back would have recorded the agent's own ID-JAG as refused.
    const redeemed = await eventually("the back's redemption", () => recorded(world.back, "redemption", 1));
    const issued = { decision: "granted", client_id: "front", subject: ADA.subject, resource: world.backUrl };
    expect(redeemed).toMatchObject([issued]);
    const isAda = { decision: "granted", client_id: "front", subject: ADA.subject };
    const calls = await eventually("the back's record of calls", async () => {
      const all = await recorded(world.back, "gateway_call", 4);
      const echoes = all?.filter(({ target }) => target === "echo") ?? [];
      return echoes.length < said.length ? null : echoes;
    });
    expect(calls).toMatchObject([isAda, isAda, isAda]);
    const everything = JSON.stringify([calls, await recorded(world.front, "gateway_call", 0)]);
    expect(everything).not.toMatch(/eyJ|Bearer /);
  });

  it("is no longer reached when what was lent is forgotten", async () => {
    const { owner, vault } = await adasVault();
    expect(await vault.endSignIns(owner, Date.now())).toBe(1);
  });
});
