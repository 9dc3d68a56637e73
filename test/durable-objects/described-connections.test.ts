import { runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { TokenAsked } from "../../durable-objects/acquisition.ts";
import type { DescribedConnection } from "../../durable-objects/described-connections.ts";
import { LIMITS } from "../../src/limits.ts";
import { Network, TestAuthorizationServer } from "../support/authorization-server.ts";
import { acquire, AS, asked, RESOURCE, setClientSecret, staleGrant, vaultOf } from "../support/outbound.ts";

let server: TestAuthorizationServer;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  server = await TestAuthorizationServer.start(new Network(), AS);
  await setClientSecret();
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function advance(seconds: number): void {
  vi.setSystemTime(Date.now() + seconds * 1000);
}

async function connected(refreshToken = server.grantTo("ada")): Promise<TokenAsked> {
  const wanted = asked("authorization_code");
  await vaultOf(wanted.owner).keepGrant(wanted.owner, RESOURCE, staleGrant(refreshToken));
  return wanted;
}

async function shown({ owner }: TokenAsked): Promise<DescribedConnection | undefined> {
  return (await vaultOf(owner).describeConnections(owner))[0];
}

describe("a connection, as it is shown", () => {
  it("has been used when it has, to a minute, and runs on when it is renewed", async () => {
    const wanted = await connected();
    const connectedAt = Date.now();
    expect(await shown(wanted)).toMatchObject({ state: "connected", usedAtMilliseconds: null });
    advance(10);
    const usedAt = Date.now();
    await acquire(wanted);
    const expected = {
      state: "connected",
      failure: null,
      usedAtMilliseconds: usedAt,
      changedAtMilliseconds: usedAt,
      terms: {
        connectedAtMilliseconds: connectedAt,
        isRenewable: true,
        tokenExpiresAtMilliseconds: usedAt + server.lifetimeSeconds * 1000,
      },
    };
    expect(await shown(wanted)).toMatchObject(expected);
    advance(LIMITS.vaultUseSeconds - 1);
    await acquire(wanted);
    expect(await shown(wanted)).toMatchObject({ usedAtMilliseconds: usedAt });
    advance(1);
    await acquire(wanted);
    expect(await shown(wanted)).toMatchObject({ usedAtMilliseconds: Date.now() });
  });

  it("says why it could not be used the last time, for as long as it cannot", async () => {
    const wanted = await connected();
    server.fault = "busy";
    const failedAt = Date.now();
    await acquire(wanted);
    const failure = { reason: "upstream_authorization_server_unavailable", atMilliseconds: failedAt };
    expect(await shown(wanted)).toMatchObject({ state: "connected", failure, usedAtMilliseconds: null });
    server.fault = "none";
    advance(600);
    await acquire(wanted);
    expect(await shown(wanted)).toMatchObject({ failure: null, usedAtMilliseconds: Date.now() });
  });

  it("is lost when its server says so, and nothing of that is left when the person has connected again", async () => {
    const wanted = await connected("a refresh token that it has never seen");
    await acquire(wanted);
    const terms = { isRenewable: false, tokenExpiresAtMilliseconds: null };
    expect(await shown(wanted)).toMatchObject({ state: "lost", failure: { reason: "connection_lost" }, terms });
    advance(1);
    await vaultOf(wanted.owner).keepGrant(wanted.owner, RESOURCE, staleGrant(server.grantTo("ada")));
    const again = { connectedAtMilliseconds: Date.now(), isRenewable: true };
    expect(await shown(wanted)).toMatchObject({ state: "connected", failure: null, terms: again });
  });

  it("is being renewed while its refresh token is on its way", async () => {
    const wanted = await connected();
    let open = (): void => undefined;
    server.gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const acquiring = acquire(wanted);
    await vi.waitUntil(() => server.asked.length === 1);
    expect(await shown(wanted)).toMatchObject({ state: "renewing" });
    open();
    await acquiring;
    expect(await shown(wanted)).toMatchObject({ state: "connected" });
  });

  it("has not failed because another was under way when it was made", async () => {
    const wanted = await connected();
    let open = (): void => undefined;
    server.gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const acquiring = acquire(wanted);
    await vi.waitUntil(() => server.asked.length === 1);
    await vaultOf(wanted.owner).keepGrant(wanted.owner, RESOURCE, staleGrant(server.grantTo("ada")));
    open();
    expect(await acquiring).toMatchObject({ outcome: "refused" });
    expect(await shown(wanted)).toMatchObject({ state: "connected", failure: null });
  });

  it("has what the server granted at the last renewal as its scope", async () => {
    const wanted = await connected();
    server.scope = "files:read:less";
    await acquire(wanted);
    expect((await shown(wanted))?.terms?.scope).toBe("files:read:less");
  });

  it("leaves nothing behind when it is ended, not even why it failed", async () => {
    const wanted = await connected("a refresh token that it has never seen");
    await acquire(wanted);
    await vaultOf(wanted.owner).disconnect(wanted.owner, { kind: "grant", id: RESOURCE });
    expect(await shown(wanted)).toBeUndefined();
    advance(10);
    await acquire(wanted);
    const rows = await runInDurableObject(vaultOf(wanted.owner), (_vault, { storage }) =>
      ["record", "envelope", "record_failure"].map((table) => storage.sql.exec(`SELECT * FROM ${table}`).toArray()),
    );
    expect(rows).toEqual([[], [], []]);
  });
});
