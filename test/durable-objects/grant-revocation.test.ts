import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from "vitest";
import { GrantRevocation } from "../../durable-objects/grant-revocation.ts";
import { Network, TestAuthorizationServer } from "../support/authorization-server.ts";
import { AS, IDP, person, RESOURCE, setClientSecret, staleGrant, staleIdentity, vaultOf } from "../support/outbound.ts";

let server: TestAuthorizationServer;
let idp: TestAuthorizationServer;
let network: Network;
let logged: MockInstance<typeof console.error>;

beforeEach(async () => {
  logged = vi.spyOn(console, "error").mockImplementation(() => undefined);
  network = new Network();
  [server, idp] = await Promise.all([
    TestAuthorizationServer.start(network, AS),
    TestAuthorizationServer.start(network, IDP),
  ]);
  await setClientSecret();
});

afterEach(() => {
  vi.restoreAllMocks();
});

const outcomes = (): string[] =>
  logged.mock.calls
    .map(([line]) => JSON.parse(String(line)) as Record<string, string>)
    .filter(({ event }) => event === "grant_revoked_at_server")
    .map(({ server: which, kind, outcome }) => `${kind} ${which} ${outcome}`);

/** Once it has been said how each of so many ended. */
async function told(count: number): Promise<string[]> {
  await vi.waitUntil(() => outcomes().length >= count);
  return outcomes().toSorted();
}

async function connected() {
  const owner = person();
  const [grant, identity] = [server.grantTo("ada"), idp.grantTo("ada")];
  expect(await vaultOf(owner).keepGrant(owner, RESOURCE, staleGrant(grant))).toBe("kept");
  expect(await vaultOf(owner).keepIdentity(owner, staleIdentity("ada", identity))).toBe("kept");
  return { owner, vault: vaultOf(owner), grant, identity };
}

describe("a grant that is forgotten", () => {
  it("is revoked at the server that gave it when one is ended, and at no other", async () => {
    const { owner, vault, grant } = await connected();
    expect(await vault.disconnect(owner, { kind: "grant", id: RESOURCE })).toBe(1);
    expect(await told(1)).toEqual([`grant ${AS} revoked`]);
    expect(server.revocations).toEqual([{ token: grant, token_type_hint: "refresh_token" }]);
    expect([idp.revocations, server.revokedFamilies.size]).toEqual([[], 1]);
  });

  it("is revoked with all that a person has when their sign-ins are ended, each at its own server", async () => {
    const { owner, vault, grant, identity } = await connected();
    expect(await vault.endSignIns(owner, Date.now() + 1000)).toBe(2);
    expect(await told(2)).toEqual([`grant ${AS} revoked`, `identity ${IDP} revoked`]);
    expect([server.revocations, idp.revocations]).toEqual([
      [{ token: grant, token_type_hint: "refresh_token" }],
      [{ token: identity, token_type_hint: "refresh_token" }],
    ]);
  });

  it("is left alone where it rests on a later sign-in, or is another's", async () => {
    const { owner, vault } = await connected();
    const other = await connected();
    expect(await vault.endSignIns(owner, 1)).toBe(0);
    expect(await vault.disconnect(owner, { kind: "grant", id: `${RESOURCE}/other` })).toBe(0);
    await other.vault.disconnect(other.owner, { kind: "grant", id: RESOURCE });
    await told(1);
    expect(server.revocations).toEqual([{ token: other.grant, token_type_hint: "refresh_token" }]);
    expect(await vault.listConnections(owner)).toHaveLength(2);
  });

  it("is revoked by its access token where there is no other, and an ID token is sent to nobody", async () => {
    const owner = person();
    await vaultOf(owner).keepGrant(owner, RESOURCE, staleGrant(null));
    await vaultOf(owner).keepIdentity(owner, staleIdentity("ada", null, { token: "the-id-token" }));
    await vaultOf(owner).endSignIns(owner, Date.now() + 1000);
    await told(2);
    expect(server.revocations).toEqual([{ token: "access-of-before", token_type_hint: "access_token" }]);
    expect(idp.revocations).toEqual([]);
  });

  it.each<[string, (at: TestAuthorizationServer) => void, string]>([
    ["refuses", (at) => (at.revocationStatus = 400), "request_refused"],
    ["revokes nothing", (at) => (at.revocationStatus = null), "method_unsupported"],
    ["is down", (at) => (at.fault = "unreachable"), "upstream_authorization_server_unavailable"],
    ["does not know us any more", (at) => void at.secrets.set("us", "another"), "client_refused"],
  ])("is forgotten all the same, and it is said why, where its server %s", async (_what, spoil, outcome) => {
    const { owner, vault } = await connected();
    spoil(server);
    expect(await vault.disconnect(owner, { kind: "grant", id: RESOURCE })).toBe(1);
    expect(await vault.listConnections(owner)).toMatchObject([{ kind: "identity" }]);
    expect(await told(1)).toEqual([`grant ${AS} ${outcome}`]);
  });

  it.each(["client_secret_basic", "client_secret_post"] as const)(
    "is not told of with a secret (%s) that was set since, which may be for another server by now",
    async (method) => {
      const owner = person();
      const client = { client_id: "us", method, secret: "client-secret" };
      const kept = staleGrant(server.grantTo("ada"), { client, signed_in_at: Date.now() - 60_000 });
      await vaultOf(owner).keepGrant(owner, RESOURCE, kept);
      await setClientSecret("of-another-server");
      expect(await vaultOf(owner).disconnect(owner, { kind: "grant", id: RESOURCE })).toBe(1);
      expect(await told(1)).toEqual([`grant ${AS} client_changed`]);
      expect(vi.mocked(fetch)).not.toHaveBeenCalled();
    },
  );

  it("keeps nobody waiting for its server", async () => {
    const { owner, vault } = await connected();
    let answer = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      answer = resolve;
    });
    network.serve(AS, async () => {
      await gate;
      return new Response(null, { status: 503 });
    });
    expect(await vault.disconnect(owner, { kind: "grant", id: RESOURCE })).toBe(1);
    expect(outcomes()).toEqual([]);
    answer();
    expect(await told(1)).toEqual([`grant ${AS} upstream_authorization_server_unavailable`]);
  });

  it("says nothing of its tokens in the log", async () => {
    const { owner, vault, grant } = await connected();
    await vault.disconnect(owner, { kind: "grant", id: RESOURCE });
    await told(1);
    expect(JSON.stringify(logged.mock.calls)).not.toContain(grant);
  });

  it("is told of while whoever asked has gone, and what is there still is not told of", async () => {
    const outlasting: Promise<unknown>[] = [];
    const revocation = new GrantRevocation({
      outlast: (work) => void outlasting.push(work),
    } as ConstructorParameters<typeof GrantRevocation>[0]);
    const grant = { ...staleGrant(null), state: "lost", rotates: null, token: null, connected_at: 0 } as const;
    const revocable = [{ name: { owner: person(), kind: "grant", id: RESOURCE }, grant }] as const;
    revocation.revoke(revocable, () => false);
    expect(outlasting).toEqual([]);
    revocation.revoke(revocable, () => true);
    await Promise.all(outlasting);
    expect([outlasting.length, outcomes()]).toEqual([1, [`grant ${AS} nothing_to_revoke`]]);
  });
});
