import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { exportJWK, generateKeyPair } from "jose";
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from "vitest";
import type { Acquired, TokenAsked } from "../../durable-objects/acquisition.ts";
import { DEPLOYMENT } from "../../durable-objects/vault-owner.ts";
import { Vault } from "../../durable-objects/vault.ts";
import { SigningKeys } from "../../src/jwt/signing-keys.ts";
import { LIMITS } from "../../src/limits.ts";
import { Network, TestAuthorizationServer } from "../support/authorization-server.ts";
import {
  acquire,
  AS,
  asked,
  credential,
  IDP,
  person,
  RESOURCE,
  setClientSecret,
  staleGrant,
  staleIdentity,
  tokenOf,
  UPSTREAM,
  vaultOf,
} from "../support/outbound.ts";

let network: Network;
let server: TestAuthorizationServer;
let idp: TestAuthorizationServer;
let logged: MockInstance<typeof console.error>;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
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
  vi.useRealTimers();
});

function advance(seconds: number): void {
  vi.setSystemTime(Date.now() + seconds * 1000);
}

/** For a server of its own, since the deployment's tokens outlive a test. */
function forDeployment(changes: Partial<TokenAsked> = {}): TokenAsked {
  const resource = `${RESOURCE}/${crypto.randomUUID()}`;
  return asked("client_credentials", {
    resource,
    owner: { organization: "", owner: `resource:${resource}` },
    ...changes,
  });
}

async function connected(
  refreshToken: string | null = server.grantTo("ada"),
  changes: object = {},
): Promise<TokenAsked> {
  const wanted = asked("authorization_code");
  await vaultOf(wanted.owner).keepGrant(wanted.owner, RESOURCE, staleGrant(refreshToken, changes));
  return wanted;
}

async function signedIn(type: "xaa" | "token_exchange" = "xaa", changes: object = {}): Promise<TokenAsked> {
  const wanted = asked(type);
  const identity = staleIdentity("ada", idp.grantTo("ada"), changes);
  expect(await vaultOf(wanted.owner).keepIdentity(wanted.owner, identity)).toBe("kept");
  return wanted;
}

/** As it is when the machine has stopped in the middle and started anew: the same storage, and nothing in memory. */
function afterCrash(wanted: TokenAsked): Promise<Acquired> {
  return runInDurableObject(vaultOf(wanted.owner), (_vault, state) => new Vault(state, env).acquire(wanted));
}

const LOST = { outcome: "refused", reason: "connection_lost" };
const REQUIRED = { outcome: "refused", reason: "connection_required" };
const OUTAGE = { outcome: "unavailable", reason: "upstream_authorization_server_unavailable" };
const REFUSED_US = { outcome: "refused", reason: "upstream_refused_us" };

describe("a token of our own (client_credentials)", () => {
  it("is asked for once by a hundred calls at the same time, for this upstream and scope", async () => {
    const wanted = forDeployment();
    const acquired = await Promise.all(Array.from({ length: 100 }, () => acquire(wanted)));
    expect(new Set(acquired.map((each) => tokenOf(each))).size).toBe(1);
    expect(server.ownerOf(tokenOf(acquired[0] as Acquired))).toBe("us");
    expect(server.asked).toEqual([{ grant_type: "client_credentials", scope: "files:read", resource: UPSTREAM }]);
  });

  it("is given out again until shortly before it ends, and not beyond", async () => {
    const wanted = forDeployment();
    const first = tokenOf(await acquire(wanted));
    advance(server.lifetimeSeconds - LIMITS.issuedTokenSkewSeconds - 1);
    expect(tokenOf(await acquire(wanted))).toBe(first);
    advance(1);
    expect(tokenOf(await acquire(wanted))).not.toBe(first);
  });

  it("is another one for another revision of the server's document", async () => {
    const wanted = forDeployment();
    const first = tokenOf(await acquire(wanted));
    expect(tokenOf(await acquire({ ...wanted, resourceRevision: "r2" }))).not.toBe(first);
  });

  it("is replaced once when a hundred calls under way were refused, and not again while it is new", async () => {
    const wanted = forDeployment();
    const first = tokenOf(await acquire(wanted));
    advance(LIMITS.issuedTokenRefusalSeconds);
    const refused = { ...wanted, isRefused: true };
    const others = await Promise.all(Array.from({ length: 100 }, () => acquire(refused)));
    const [second = "", ...more] = new Set(others.map((each) => tokenOf(each)));
    expect(more).toEqual([]);
    expect(second).not.toBe(first);
    expect(tokenOf(await acquire(refused))).toBe(second);
    expect(server.asked).toHaveLength(2);
  });

  it("is of no person, and a person's is none of the deployment's", async () => {
    const mixed = [asked("client_credentials", { owner: person() }), forDeployment({ credential: credential("xaa") })];
    for (const wanted of mixed) {
      await expect(runInDurableObject(vaultOf(wanted.owner), (vault) => vault.acquire(wanted))).rejects.toThrow(
        TypeError,
      );
    }
    expect(server.asked).toEqual([]);
  });

  it("is not asked for without a secret, with another server's, or with one that is no key", async () => {
    const absent = forDeployment({ credential: credential("client_credentials", { secret: "no-such" }) });
    expect(await acquire(absent)).toEqual({ outcome: "refused", reason: "credential_absent" });
    await setClientSecret("hush", ["https://crossgate.example/mcp/other"]);
    expect(await acquire(forDeployment())).toEqual({ outcome: "refused", reason: "credential_not_for_resource" });
    await setClientSecret("no key at all");
    const noKey = forDeployment({ credential: credential("client_credentials", { method: "private_key_jwt" }) });
    expect(await acquire(noKey)).toMatchObject({ outcome: "refused" });
    expect(server.asked).toEqual([]);
  });

  it("is for the server that the upstream names, by our own key or one in the vault, where the document names none", async () => {
    network.serve("https://files.example.net", async ({ url }) =>
      url.endsWith("/.well-known/oauth-protected-resource/mcp")
        ? Response.json({ resource: UPSTREAM, authorization_servers: [AS] })
        : new Response("", { status: 404 }),
    );
    const found = { authorization_server: undefined, method: "private_key_jwt" };
    const ownKey = forDeployment({ credential: credential("client_credentials", { ...found, secret: undefined }) });
    expect(await acquire(ownKey)).toEqual(REFUSED_US);
    server.clientKeys = { keys: [...SigningKeys.parse(env.SIGNING_KEYS).published.keys] };
    advance(LIMITS.acquisitionCooldownSeconds);
    expect(server.ownerOf(tokenOf(await acquire(ownKey)))).toBe("us");
    const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
    server.clientKeys = { keys: [{ ...(await exportJWK(publicKey)), kid: "k1", alg: "ES256" }] };
    await setClientSecret(JSON.stringify({ ...(await exportJWK(privateKey)), kid: "k1" }));
    const keptKey = forDeployment({ credential: credential("client_credentials", found) });
    expect(server.ownerOf(tokenOf(await acquire(keptKey)))).toBe("us");
  });
});

describe("what could not be had", () => {
  it("is an outage while nobody answers, asked for again after a pause that grows, and had as soon as it can be", async () => {
    const wanted = forDeployment();
    server.fault = "busy";
    for (const pause of [1, 2, 4]) {
      expect(await acquire(wanted)).toEqual(OUTAGE);
      const before = server.asked.length;
      advance(pause - 0.001);
      expect(await acquire(wanted)).toEqual(OUTAGE);
      expect(server.asked).toHaveLength(before);
      advance(0.001);
    }
    server.fault = "none";
    expect(await acquire(wanted)).toMatchObject({ outcome: "acquired" });
  });

  it("is refused for a few seconds without asking again, and then asked for", async () => {
    const wanted = forDeployment();
    server.fault = "invalid_client";
    await Promise.all(Array.from({ length: 20 }, () => acquire(wanted)));
    expect(await acquire(wanted)).toEqual(REFUSED_US);
    expect(server.asked).toHaveLength(1);
    server.fault = "none";
    advance(LIMITS.acquisitionCooldownSeconds);
    expect(await acquire(wanted)).toMatchObject({ outcome: "acquired" });
  });

  it("is told the operator in our own words, without a word of the other side or a secret", async () => {
    server.fault = "invalid_client";
    const wanted = forDeployment();
    await acquire(wanted);
    const lines = logged.mock.calls.map(([line]) => String(line));
    expect(lines.map((line) => JSON.parse(line) as unknown)).toContainEqual({
      event: "upstream_token_not_acquired",
      resource: wanted.resource,
      type: "client_credentials",
      reason: "upstream_refused_us",
      flaw: "client_refused",
    });
    expect(lines.join()).not.toMatch(/hush|canary|access-/);
  });
});

describe("a grant's refresh token", () => {
  it("is spent once by a hundred calls at the same time, and its successor the next time", async () => {
    const wanted = await connected();
    for (let round = 1; round <= 3; round += 1) {
      const acquired = await Promise.all(Array.from({ length: 100 }, () => acquire(wanted)));
      const tokens = new Set(acquired.map((each) => tokenOf(each)));
      expect(tokens.size).toBe(1);
      expect([...tokens].map((token) => server.ownerOf(token))).toEqual(["ada"]);
      expect(server.asked).toHaveLength(round);
      advance(server.lifetimeSeconds);
    }
    expect(server.endedFamilies).toBe(0);
    expect(server.asked[0]).toEqual({
      grant_type: "refresh_token",
      refresh_token: expect.any(String),
      resource: UPSTREAM,
    });
  });

  it("is not needed while the access token is good, and is when the upstream refuses that one", async () => {
    const now = Date.now();
    const fresh = { token: "access-at-first", token_issued_at: now, token_expires_at: now + 600_000 };
    const wanted = await connected(server.grantTo("ada"), fresh);
    expect(tokenOf(await acquire(wanted))).toBe("access-at-first");
    advance(LIMITS.issuedTokenRefusalSeconds);
    expect(tokenOf(await acquire({ ...wanted, isRefused: true }))).not.toBe("access-at-first");
    expect(server.asked).toHaveLength(1);
  });

  it("gives who has seen the access token refused another one, also while somebody is being given that one", async () => {
    const now = Date.now();
    const fresh = { token: "access-at-first", token_issued_at: now, token_expires_at: now + 600_000 };
    const wanted = await connected(server.grantTo("ada"), fresh);
    advance(LIMITS.issuedTokenRefusalSeconds);
    const [first, ...others] = await runInDurableObject(vaultOf(wanted.owner), (vault) =>
      Promise.all([
        vault.acquire(wanted),
        vault.acquire({ ...wanted, isRefused: true }),
        vault.acquire({ ...wanted, isRefused: true }),
      ]),
    );
    expect(tokenOf(first)).toBe("access-at-first");
    expect(new Set(others.map((each) => server.ownerOf(tokenOf(each))))).toEqual(new Set(["ada"]));
    expect(server.asked).toHaveLength(1);
  });

  it("is lost when we stopped between sending it and keeping its successor, and is never sent again", async () => {
    const wanted = await connected();
    const { promise, resolve } = Promise.withResolvers<void>();
    server.gate = promise;
    const interrupted = acquire(wanted);
    await vi.waitFor(() => expect(server.asked).toHaveLength(1));
    expect(await afterCrash(wanted)).toEqual(LOST);
    expect(await afterCrash(wanted)).toEqual(LOST);
    expect(server.asked).toHaveLength(1);
    expect(server.endedFamilies).toBe(0);
    resolve();
    await interrupted;
  });

  it("is lost when no answer came to it", async () => {
    const wanted = await connected();
    server.fault = "silent";
    expect(await acquire(wanted)).toEqual(LOST);
    server.fault = "none";
    advance(3600);
    expect(await acquire(wanted)).toEqual(LOST);
    expect(server.asked).toHaveLength(1);
  });

  it("is kept where the server is known not to replace it, whatever happens on the way", async () => {
    server.isRotating = false;
    const wanted = await connected();
    tokenOf(await acquire(wanted));
    advance(server.lifetimeSeconds);
    server.fault = "silent";
    expect(await acquire(wanted)).toEqual(OUTAGE);
    server.fault = "none";
    advance(60);
    expect(server.ownerOf(tokenOf(await acquire(wanted)))).toBe("ada");
  });

  it.each([
    ["unreachable", OUTAGE],
    ["busy", OUTAGE],
    ["page", REFUSED_US],
    ["invalid_client", REFUSED_US],
  ] as const)("is as good as before when the server was %s, and said so", async (fault, answer) => {
    const wanted = await connected();
    server.fault = fault;
    expect(await acquire(wanted)).toEqual(answer);
    server.fault = "none";
    advance(60);
    expect(server.ownerOf(tokenOf(await acquire(wanted)))).toBe("ada");
    expect(server.endedFamilies).toBe(0);
  });

  it("is lost, and nothing of it kept, when the server says that it is no more", async () => {
    const wanted = await connected("never-issued");
    expect(await acquire(wanted)).toEqual(LOST);
    advance(60);
    expect(await acquire(wanted)).toEqual(LOST);
    expect(server.asked).toHaveLength(1);
  });

  it("makes way for a new grant, at once", async () => {
    const wanted = await connected("never-issued");
    expect(await acquire(wanted)).toEqual(LOST);
    await vaultOf(wanted.owner).keepGrant(wanted.owner, RESOURCE, staleGrant(server.grantTo("ada")));
    expect(server.ownerOf(tokenOf(await acquire(wanted)))).toBe("ada");
  });

  it("whose grant was for another upstream serves none, whatever the document says now", async () => {
    const now = Date.now();
    const wanted = await connected(null, { token: "access", token_issued_at: now, token_expires_at: now + 600_000 });
    expect(tokenOf(await acquire(wanted))).toBe("access");
    expect(await acquire({ ...wanted, upstream: "https://evil.example/mcp" })).toEqual(REQUIRED);
  });

  it("that never was, with an access token that has ended, means to connect again", async () => {
    expect(await acquire(await connected(null))).toEqual(LOST);
    expect(await acquire(asked("authorization_code"))).toEqual(REQUIRED);
  });
});

describe("what a person has given us", () => {
  it("is forgotten as a whole, tokens in memory included", async () => {
    const wanted = await signedIn();
    tokenOf(await acquire(wanted));
    await vaultOf(wanted.owner).keepGrant(wanted.owner, RESOURCE, staleGrant(server.grantTo("ada")));
    expect(await vaultOf(wanted.owner).endSignIns(wanted.owner, Date.now())).toBe(2);
    expect(await vaultOf(wanted.owner).listConnections(wanted.owner)).toEqual([]);
    expect(await acquire(wanted)).toEqual(REQUIRED);
    expect(await acquire({ ...wanted, credential: credential("authorization_code") })).toEqual(REQUIRED);
    const stored = await runInDurableObject(vaultOf(wanted.owner), (_vault, { storage }) => [
      ...storage.sql.exec("SELECT * FROM envelope"),
    ]);
    expect(stored).toEqual([]);
  });

  it("stays forgotten when a token was on its way, which nobody gets", async () => {
    const wanted = await connected();
    const { promise, resolve } = Promise.withResolvers<void>();
    server.gate = promise;
    const underWay = acquire(wanted);
    await vi.waitFor(() => expect(server.asked).toHaveLength(1));
    await vaultOf(wanted.owner).endSignIns(wanted.owner, Date.now());
    resolve();
    expect(await underWay).toEqual(REQUIRED);
    expect(await vaultOf(wanted.owner).listConnections(wanted.owner)).toEqual([]);
    expect(await acquire(wanted)).toEqual(REQUIRED);
  });

  it("stays forgotten when its last step was under way, which the record of it no longer concerns", async () => {
    const wanted = await signedIn();
    const { promise, resolve } = Promise.withResolvers<void>();
    server.gate = promise;
    const underWay = acquire(wanted);
    await vi.waitFor(() => expect(server.asked).toHaveLength(1));
    await vaultOf(wanted.owner).endSignIns(wanted.owner, Date.now());
    resolve();
    expect(await underWay).toEqual(REQUIRED);
    expect(await acquire(wanted)).toEqual(REQUIRED);
  });

  it("stays as it was connected anew when an older refresh was on its way", async () => {
    const wanted = await connected();
    const { promise, resolve } = Promise.withResolvers<void>();
    server.gate = promise;
    const underWay = acquire(wanted);
    await vi.waitFor(() => expect(server.asked).toHaveLength(1));
    const now = Date.now();
    const anew = { token: "access-anew", token_issued_at: now, token_expires_at: now + 600_000 };
    await vaultOf(wanted.owner).keepGrant(wanted.owner, RESOURCE, staleGrant(server.grantTo("eve"), anew));
    expect(tokenOf(await acquire(wanted))).toBe("access-anew");
    resolve();
    await underWay;
    expect(tokenOf(await acquire(wanted))).toBe("access-anew");
  });

  it("is not ended, nor its refresh lost, by what happens to another of theirs", async () => {
    const wanted = await connected();
    const other = `${RESOURCE}/other`;
    for (const change of [
      (owner: TokenAsked["owner"]) => vaultOf(owner).keepGrant(owner, other, staleGrant("r")),
      (owner: TokenAsked["owner"]) => vaultOf(owner).disconnect(owner, { kind: "grant", id: other }),
      (owner: TokenAsked["owner"]) => vaultOf(owner).keepIdentity(owner, staleIdentity("ada", "r")),
      (owner: TokenAsked["owner"]) => vaultOf(owner).disconnect(owner, { kind: "identity", id: IDP }),
    ]) {
      const before = server.asked.length;
      const { promise, resolve } = Promise.withResolvers<void>();
      server.gate = promise;
      const underWay = acquire(wanted);
      await vi.waitFor(() => expect(server.asked).toHaveLength(before + 1));
      await change(wanted.owner);
      resolve();
      expect(server.ownerOf(tokenOf(await underWay))).toBe("ada");
      advance(server.lifetimeSeconds);
    }
    expect(server.endedFamilies).toBe(0);
  });

  it("leaves a sign-in's tokens in memory alone when an account is connected or disconnected", async () => {
    const wanted = await signedIn();
    const first = tokenOf(await acquire(wanted));
    await vaultOf(wanted.owner).keepGrant(wanted.owner, RESOURCE, staleGrant("r"));
    expect(tokenOf(await acquire(wanted))).toBe(first);
    await vaultOf(wanted.owner).keepIdentity(wanted.owner, staleIdentity("ada", idp.grantTo("ada")));
    expect(tokenOf(await acquire(wanted))).not.toBe(first);
  });

  it("is ended one by one at the person's wish", async () => {
    const wanted = await signedIn();
    await vaultOf(wanted.owner).keepGrant(wanted.owner, RESOURCE, staleGrant(server.grantTo("ada")));
    expect(await vaultOf(wanted.owner).disconnect(wanted.owner, { kind: "grant", id: RESOURCE })).toBe(1);
    expect(await vaultOf(wanted.owner).listConnections(wanted.owner)).toEqual([
      { kind: "identity", id: IDP, changedAtMilliseconds: expect.any(Number) },
    ]);
  });

  it("is listed without any of it, and taken only where it is well-formed", async () => {
    const wanted = await connected("canary-refresh");
    expect(JSON.stringify(await vaultOf(wanted.owner).listConnections(wanted.owner))).not.toMatch(/canary|access/);
    const malformed = { ...staleGrant("r"), token: "x".repeat(LIMITS.jwtBytes + 1) };
    expect(await vaultOf(wanted.owner).keepGrant(wanted.owner, RESOURCE, malformed)).toBe("malformed");
  });

  it("is in nobody else's vault, by whichever method", async () => {
    const wanted = await connected();
    const eve = person();
    await runInDurableObject(vaultOf(eve), async (vault) => {
      expect(() => vault.acquire(wanted)).toThrow(TypeError);
      expect(() => vault.keepGrant(wanted.owner, RESOURCE, staleGrant("r"))).toThrow(TypeError);
      expect(() => vault.keepIdentity(wanted.owner, staleIdentity("eve", "r"))).toThrow(TypeError);
      expect(() => vault.endSignIns(wanted.owner, Date.now())).toThrow(TypeError);
      expect(() => vault.listConnections(wanted.owner)).toThrow(TypeError);
      expect(() => vault.disconnect(wanted.owner, { kind: "grant", id: RESOURCE })).toThrow(TypeError);
    });
  });
});

describe("Cross App Access (xaa)", () => {
  it("asks the provider with a fresh ID token, and redeems what it gives at the upstream's server, once", async () => {
    const wanted = await signedIn();
    const acquired = await Promise.all(Array.from({ length: 100 }, () => acquire(wanted)));
    expect(new Set(acquired.map((each) => tokenOf(each))).size).toBe(1);
    expect(server.ownerOf(tokenOf(acquired[0] as Acquired))).toBe("ada");
    expect(idp.asked.map(({ grant_type }) => grant_type)).toEqual([
      "refresh_token",
      "urn:ietf:params:oauth:grant-type:token-exchange",
    ]);
    expect(idp.asked[1]).toMatchObject({
      subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
      audience: AS,
      resource: UPSTREAM,
      scope: "files:read",
    });
    expect(server.asked).toEqual([
      { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: expect.any(String) },
    ]);
  });

  it("uses the ID token while it is good, for one server after the other, and a new ID-JAG for each", async () => {
    const wanted = await signedIn();
    const other = { ...wanted, resource: `${RESOURCE}/other` };
    tokenOf(await acquire(wanted));
    tokenOf(await acquire(other));
    expect(idp.asked.filter(({ grant_type }) => grant_type === "refresh_token")).toHaveLength(1);
    expect(new Set(server.asked.map(({ assertion }) => assertion)).size).toBe(2);
  });

  it("asks no provider about somebody who came by another", async () => {
    const wanted = await signedIn();
    expect(await acquire({ ...wanted, issuer: "https://other-idp.example" })).toMatchObject({
      reason: "connection_required",
    });
    expect(server.asked).toEqual([]);
  });

  it("brings the refresh token itself where the provider sends no ID token with a refresh", async () => {
    idp.sendsIdTokens = false;
    const wanted = await signedIn();
    expect(server.ownerOf(tokenOf(await acquire(wanted)))).toBe("ada");
    expect(idp.asked[1]).toMatchObject({ subject_token_type: "urn:ietf:params:oauth:token-type:refresh_token" });
  });

  it("ends where the provider suddenly speaks of somebody else", async () => {
    const wanted = await signedIn();
    idp.idTokenSubject = "eve";
    expect(await acquire(wanted)).toEqual(LOST);
    expect(server.asked).toEqual([]);
  });

  it.each([
    { aud: "https://evil.example" },
    { client_id: "another" },
    { resource: "https://evil.example/mcp" },
    { exp: 1 },
  ])("sends no ID-JAG on that is not the one it asked for: %o [JAG-L-06]", async (changes) => {
    const wanted = await signedIn();
    idp.idJagChanges = changes;
    expect(await acquire(wanted)).toEqual(REFUSED_US);
    expect(server.asked).toEqual([]);
  });

  it("is to be connected first, and again when the provider has ended the sign-in", async () => {
    expect(await acquire(asked("xaa"))).toEqual(REQUIRED);
    const wanted = await signedIn("xaa", { refresh_token: "ended" });
    expect(await acquire(wanted)).toEqual(LOST);
  });

  it("does not present what was given to another client of the provider", async () => {
    const client = { client_id: "them", method: "client_secret_basic", secret: "client-secret" };
    const fresh = {
      token: await idp.idTokenOf("ada"),
      token_issued_at: Date.now(),
      token_expires_at: Date.now() + 600_000,
    };
    const wanted = await signedIn("xaa", { client, ...fresh });
    expect(await acquire(wanted)).toEqual(REQUIRED);
    expect(server.asked).toEqual([]);
  });

  it("proves us to the provider by a secret that is released for the provider, and for no server", async () => {
    const secret = `idp-secret-${crypto.randomUUID()}`;
    const client = { client_id: "us", method: "client_secret_basic", secret } as const;
    const set = (resources: readonly string[]) =>
      vaultOf(DEPLOYMENT).setSecret({ name: secret, value: "hush", resources });
    await set([IDP]);
    const wanted = { ...(await signedIn("xaa", { client })), credential: credential("xaa", { idp_client: client }) };
    expect(server.ownerOf(tokenOf(await acquire(wanted)))).toBe("ada");
    await set([RESOURCE]);
    const again = { ...(await signedIn("xaa", { client })), credential: wanted.credential };
    expect(await acquire(again)).toEqual({ outcome: "refused", reason: "credential_not_for_resource" });
    // Also where the ID token is fresh, and only the exchange takes proof.
    const fresh = {
      token: await idp.idTokenOf("ada"),
      token_issued_at: Date.now(),
      token_expires_at: Date.now() + 600_000,
    };
    const exchanging = {
      ...(await signedIn("xaa", { client, ...fresh })),
      credential: wanted.credential,
    };
    expect(await acquire(exchanging)).toEqual({ outcome: "refused", reason: "credential_not_for_resource" });
  });

  it("is an outage when either of the two does not answer", async () => {
    const wanted = await signedIn();
    server.fault = "unreachable";
    expect(await acquire(wanted)).toEqual(OUTAGE);
    advance(60);
    [server.fault, idp.fault] = ["none", "busy"];
    expect(await acquire(wanted)).toEqual(OUTAGE);
  });
});

describe("token exchange", () => {
  it("brings the person's ID token to the upstream's server", async () => {
    const wanted = await signedIn("token_exchange");
    expect(server.ownerOf(tokenOf(await acquire(wanted)))).toBe("ada");
    expect(server.asked).toEqual([
      expect.objectContaining({ subject_token_type: "urn:ietf:params:oauth:token-type:id_token", resource: UPSTREAM }),
    ]);
  });

  it("never shows the provider's refresh token to anybody but the provider", async () => {
    idp.sendsIdTokens = false;
    const wanted = await signedIn("token_exchange");
    expect(await acquire(wanted)).toEqual(LOST);
    expect(server.asked).toEqual([]);
  });

  it("brings a token of ours about the caller, and keeps what it gets for him who is described alike", async () => {
    const identity = async (says: string) => ({ token: await idp.idp.sign({ sub: "ada", says }), says });
    const wanted = asked("token_exchange", { credential: credential("token_exchange", { subject_token: "identity" }) });
    const [one, other] = [await identity("scope=read"), await identity("scope=write")];
    const first = tokenOf(await acquire({ ...wanted, identity: one }));
    expect(tokenOf(await acquire({ ...wanted, identity: { ...one, token: "another.of.them" } }))).toBe(first);
    expect(tokenOf(await acquire({ ...wanted, identity: other }))).not.toBe(first);
    expect(server.asked[0]).toMatchObject({
      subject_token: one.token,
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    });
    expect(await acquire({ ...wanted, identity: null, resource: `${RESOURCE}/2` })).toMatchObject({
      outcome: "refused",
    });
  });
});
