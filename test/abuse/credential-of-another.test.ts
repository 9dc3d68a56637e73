import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { AcquiredType, TokenAsked } from "../../durable-objects/acquisition.ts";
import { UpstreamTokens } from "../../durable-objects/upstream-tokens.ts";
import type { VaultOwner } from "../../durable-objects/vault-owner.ts";
import { bindingOf } from "../../src/trust/grant-binding.ts";
import { type Fault, Network, TestAuthorizationServer } from "../support/authorization-server.ts";
import { asked, credential, IDP, setClientSecret, staleGrant, staleIdentity, vaultOf } from "../support/outbound.ts";
import { Random } from "../support/random.ts";

/**
 * I21, the tenant bug of real gateways: one person's credential in another's call. 50 people and 5 upstreams, calls,
 * refreshes, revocations, reconnections and failures in random order and at the same time, by way of two isolates. What
 * each server hands out is marked with whom it is for; where a token comes out, its owner is looked up at its server.
 */
const PEOPLE = 50;
const BATCHES = 20;
const CALLS_PER_BATCH = 30;
const UPSTREAMS: readonly AcquiredType[] = ["authorization_code", "authorization_code", "xaa", "xaa", "token_exchange"];
const FAULTS: readonly Fault[] = ["none", "none", "none", "busy", "silent", "unreachable", "invalid_client"];

const random = new Random(20_261_121);
let servers: TestAuthorizationServer[];
let idp: TestAuthorizationServer;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  const network = new Network();
  idp = await TestAuthorizationServer.start(network, IDP);
  servers = await Promise.all(
    UPSTREAMS.map((_, at) => TestAuthorizationServer.start(network, `https://as${at}.example.net`)),
  );
  await setClientSecret();
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

interface Person {
  readonly name: string;
  readonly owner: VaultOwner;
}

const resourceAt = (at: number): string => `https://crossgate.example/mcp/s${at}`;
const upstreamAt = (at: number): string => `https://s${at}.example.net/mcp`;

function wantedBy({ owner }: Person, at: number): TokenAsked {
  const type = UPSTREAMS[at] ?? "xaa";
  const authorization_server = `https://as${at}.example.net`;
  const place = { resource: resourceAt(at), upstream: upstreamAt(at), owner };
  return asked(type, {
    ...place,
    credential: credential(type, { authorization_server }),
    isRefused: random.below(8) === 0,
  });
}

async function connect({ name, owner }: Person): Promise<void> {
  const vault = vaultOf(owner);
  await vault.keepIdentity(owner, staleIdentity(name, idp.grantTo(name)));
  for (const at of [0, 1]) {
    const authorization_server = `https://as${at}.example.net`;
    const upstream = upstreamAt(at);
    const binding = await bindingOf(upstream, credential("authorization_code", { authorization_server }));
    const place = { authorization_server, upstream, resource: upstream, binding };
    await vault.keepGrant(owner, resourceAt(at), staleGrant(servers[at]?.grantTo(name) ?? "", place));
  }
}

it("is never presented: not while others refresh, reconnect, are revoked or fail", async () => {
  const people = Array.from({ length: PEOPLE }, (_, at): Person => {
    const name = `person-${at}-${crypto.randomUUID()}`;
    return { name, owner: { organization: at % 2 === 0 ? "acme" : "globex", owner: `usr_${name}` } };
  });
  const isolates = [new UpstreamTokens(vaultOf), new UpstreamTokens(vaultOf)];
  const outcomes = new Map<string, number>();
  await Promise.all(people.map((person) => connect(person)));

  const call = async (person: Person, at: number): Promise<void> => {
    const acquired = await random.pick(isolates).acquire(wantedBy(person, at));
    const outcome = acquired.outcome === "acquired" ? acquired.outcome : acquired.reason;
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    if (acquired.outcome === "acquired") expect(servers[at]?.ownerOf(acquired.token)).toBe(person.name);
  };
  const act = async (): Promise<void> => {
    const person = random.pick(people);
    const dice = random.below(40);
    if (dice === 0) await vaultOf(person.owner).endSignIns(person.owner, Date.now() - 1);
    else if (dice < 5) await connect(person);
    else await call(person, random.below(UPSTREAMS.length));
  };
  for (let batch = 0; batch < BATCHES; batch += 1) {
    for (const server of [idp, ...servers]) server.fault = random.pick(FAULTS);
    await Promise.all(Array.from({ length: CALLS_PER_BATCH }, act));
    vi.setSystemTime(Date.now() + random.below(900) * 1000);
  }

  expect(outcomes.get("acquired")).toBeGreaterThan(100);
  const refreshes = [idp, ...servers].flatMap(({ asked: forms }) => forms.filter((form) => "refresh_token" in form));
  expect(refreshes.length).toBeGreaterThan(50);
  expect(servers.flatMap(({ revocations }) => revocations).length).toBeGreaterThan(0);
  for (const other of [
    "connection_lost",
    "connection_required",
    "upstream_refused_us",
    "upstream_authorization_server_unavailable",
  ]) {
    expect(outcomes.get(other), other).toBeGreaterThan(0);
  }
  // No refresh token was ever sent again after it had been replaced.
  expect([idp, ...servers].map(({ endedFamilies }) => endedFamilies)).toEqual([0, 0, 0, 0, 0, 0]);
});
