import { runInDurableObject } from "cloudflare:test";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type Connecting, Connections } from "../../../durable-objects/connections.ts";
import { DEPLOYMENT } from "../../../durable-objects/vault-owner.ts";
import type { AdminDependencies } from "../../../src/admin/dependencies.ts";
import type { UnparsedCall } from "../../../src/admin/route.ts";
import { endAccountConnection } from "../../../src/admin/routes/account-connections.ts";
import { LIMITS } from "../../../src/limits.ts";
import type { GrantToKeep } from "../../../src/vault/kept-grant.ts";
import { type AdminAnswer, TestAdmin } from "../../support/admin.ts";
import { Network } from "../../support/authorization-server.ts";
import type { Members } from "../../support/documents.ts";
import { AS, IDP, person, RESOURCE, staleGrant, staleIdentity, UPSTREAM, vaultOf } from "../../support/outbound.ts";

const PATH = "/admin/v1/vault/connections";
const OTHER_RESOURCE = `${RESOURCE}/other`;
const SECRETS = ["access-of-before", "refresh-of-the-grant", "refresh-of-the-identity", "id-token-of-before"];

const connections = new Connections(vaultOf);
let operator: TestAdmin;
let viewer: TestAdmin;

beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  Network.ofNobody();
});

afterEach(() => void vi.restoreAllMocks());

beforeAll(async () => {
  [operator, viewer] = await Promise.all([TestAdmin.appoint("operator"), TestAdmin.appoint("viewer")]);
});

async function connect(organization: string, changes: Partial<GrantToKeep> = {}): Promise<Connecting> {
  const subject = { issuer: IDP, tenant: null, sub: `sub-${crypto.randomUUID()}` };
  const connecting = { owner: { ...person(), organization }, subject };
  await connections.keepGrant(connecting, RESOURCE, staleGrant("refresh-of-the-grant", changes));
  return connecting;
}

const newOrganization = (): string => `org-${crypto.randomUUID()}`;

function list(asked: Record<string, string>, admin = viewer): Promise<AdminAnswer> {
  return admin.call(`${PATH}?${new URLSearchParams(asked).toString()}`);
}

const listed = ({ body }: AdminAnswer) => body["connections"] as readonly Members[];

function end(body: Members, admin = operator): Promise<AdminAnswer> {
  return admin.call(`${PATH}/end`, { method: "POST", body: JSON.stringify(body) });
}

const naming = ({ owner }: Connecting, changes: Members = {}): Members => ({
  organization: owner.organization,
  principal: owner.owner,
  kind: "grant",
  connected_to: RESOURCE,
  ...changes,
});

describe("what people have connected", () => {
  it("is listed with whose it is, by which server, for what, since when and until when, and none of what it is made of", async () => {
    const organization = newOrganization();
    const before = Date.now();
    const ada = await connect(organization);
    const identity = staleIdentity(ada.subject.sub, "refresh-of-the-identity", { token: "id-token-of-before" });
    await connections.keepIdentity(ada, identity);
    const answer = await list({ organization });
    expect(answer).toMatchObject({ status: 200, body: { unreachable: [], after: null } });
    const [lent, granted] = listed(answer);
    const hers = { organization, principal: ada.owner.owner };
    const subjects = [{ issuer: IDP, tenant: null, subject: ada.subject.sub }];
    expect(granted).toMatchObject({ ...hers, subjects, kind: "grant", connected_to: RESOURCE, state: "connected" });
    expect(granted).toMatchObject({ authorization_server: AS, client_id: "us", scope: "files:read", ends_at: null });
    expect(granted).toMatchObject({ token_expires_at: new Date(1).toISOString(), last_used_at: null, failure: null });
    expect(Date.parse(String(granted?.["connected_at"]))).toBeGreaterThanOrEqual(before);
    expect(lent).toMatchObject({ ...hers, kind: "identity", connected_to: IDP, state: "connected" });
    for (const secret of SECRETS) expect(answer.text).not.toContain(secret);
  });

  it("is found by organization, principal, subject at a provider and server, each of them alone and together", async () => {
    const [organization, other] = [newOrganization(), newOrganization()];
    const [ada, bob] = [await connect(organization), await connect(organization)];
    await connections.keepGrant(bob, OTHER_RESOURCE, staleGrant("refresh-of-the-grant"));
    await connect(other);
    const names = async (asked: Record<string, string>): Promise<string[]> =>
      listed(await list(asked))
        .map(({ principal, connected_to: to }) => `${String(principal)} ${String(to)}`)
        .toSorted();
    const spell = (who: Connecting, to = RESOURCE): string => `${who.owner.owner} ${to}`;
    const all = [spell(ada), spell(bob), spell(bob, OTHER_RESOURCE)].toSorted();
    expect(await names({ organization })).toEqual(all);
    expect(await names({ organization, resource: RESOURCE })).toEqual([spell(ada), spell(bob)].toSorted());
    expect(await names({ principal: ada.owner.owner })).toEqual([spell(ada)]);
    expect(await names({ principal: ada.owner.owner, organization: other })).toEqual([]);
    expect(await names({ subject: bob.subject.sub, issuer: IDP, resource: OTHER_RESOURCE })).toEqual([
      spell(bob, OTHER_RESOURCE),
    ]);
    expect(await names({ subject: ada.subject.sub, issuer: IDP, organization })).toEqual([spell(ada)]);
    expect(await names({ subject: bob.subject.sub, issuer: "https://other.example" })).toEqual([]);
  });

  it("comes a page of people at a time, nobody twice and nobody left out", async () => {
    const organization = newOrganization();
    const people = await Promise.all(
      Array.from({ length: LIMITS.connectedPeoplePerPage + 1 }, () => connect(organization)),
    );
    const first = await list({ organization });
    expect(listed(first)).toHaveLength(LIMITS.connectedPeoplePerPage);
    const second = await list({ organization, after: String(first.body["after"]) });
    expect(second.body["after"]).toBeNull();
    const seen = [...listed(first), ...listed(second)].map(({ principal }) => principal);
    expect(seen).toEqual(people.map(({ owner }) => owner.owner).toSorted());
  });

  it.each(["nonsense", "[]", '["a"]', '{"owner":"a"}', "[1,2]"])("has no page after %s", async (after) => {
    expect(await list({ after })).toMatchObject({ status: 400, body: { path: "after" } });
  });

  it.each<[string, Partial<GrantToKeep>, Members]>([
    ["nothing renews what is over", { refresh_token: null }, { state: "expired", ends_at: new Date(1).toISOString() }],
    [
      "nothing renews what is not over yet",
      { refresh_token: null, token_expires_at: 4_102_444_800_000 },
      { state: "connected", ends_at: "2100-01-01T00:00:00.000Z" },
    ],
    ["nobody said for what", { scope: null }, { scope: null, state: "connected" }],
  ])("says so where %s", async (_what, changes, expected) => {
    const organization = newOrganization();
    await connect(organization, changes);
    expect(listed(await list({ organization }))).toMatchObject([expected]);
  });

  it("is shown as unreadable where its record is damaged, and can be ended", async () => {
    const organization = newOrganization();
    const ada = await connect(organization);
    await runInDurableObject(vaultOf(ada.owner), (_vault, { storage }) => {
      storage.sql.exec("UPDATE envelope SET ciphertext = zeroblob(64)");
    });
    const damaged = { state: "unreadable", connected_at: null, authorization_server: null, ends_at: null };
    expect(listed(await list({ organization }))).toMatchObject([damaged]);
    expect((await end(naming(ada))).status).toBe(200);
    expect(listed(await list({ organization }))).toEqual([]);
  });

  it("is not passed over in silence where a vault does not answer", async () => {
    const organization = newOrganization();
    const [ada, bob] = [await connect(organization), await connect(organization)];
    const deaf = new Connections((owner) => {
      if (owner.owner === bob.owner.owner) throw new Error("no vault");
      return vaultOf(owner);
    });
    const people = await deaf.listPeople({ organization, principal: null, issuer: null, sub: null, after: null });
    const answers = new Map(people.map(({ owner, connections: theirs }) => [owner, theirs]));
    expect(answers.get(ada.owner.owner)).toHaveLength(1);
    expect(answers.get(bob.owner.owner)).toBeNull();
  });

  it("is listed by the deployment's vault alone, and described by its owner's", async () => {
    const { owner } = await connect(newOrganization());
    const listing = { organization: null, principal: null, issuer: null, sub: null, after: null };
    await runInDurableObject(vaultOf(owner), (vault) => {
      expect(() => vault.listConnected(listing)).toThrow(TypeError);
      expect(() => vault.describeConnections(DEPLOYMENT)).toThrow(TypeError);
    });
  });
});

describe("what one person has connected", () => {
  it("is ended by an operator, and by nobody of a lesser role, and it is on record whose it was", async () => {
    const organization = newOrganization();
    const ada = await connect(organization);
    await connections.keepGrant(ada, OTHER_RESOURCE, staleGrant("refresh-of-the-grant"));
    expect(await end(naming(ada), viewer)).toMatchObject({ status: 403 });
    const ended = await end(naming(ada));
    expect(ended).toMatchObject({ status: 200, body: { effective_within_seconds: LIMITS.upstreamTokenFreshSeconds } });
    expect(listed(await list({ organization }))).toMatchObject([{ connected_to: OTHER_RESOURCE }]);
    expect(await end(naming(ada))).toMatchObject({ status: 404, body: { reason: "admin_connection_unknown" } });
    const about = { operation: "end_account_connection", organization, principal: ada.owner.owner, resource: RESOURCE };
    const records = (await operator.record()).filter(({ organization: whose }) => whose === organization);
    expect(records).toHaveLength(2);
    expect(records).toContainEqual(expect.objectContaining({ ...about, action: "removed", decision: "granted" }));
    const refused = { decision: "refused", reason: "admin_connection_unknown" };
    expect(records).toContainEqual(expect.objectContaining({ ...about, ...refused }));
  });

  it("is not ended by another's name, in another organization, of another kind or at another server", async () => {
    const ada = await connect(newOrganization());
    const foreign = [
      naming(ada, { principal: "usr_somebody-else" }),
      naming(ada, { organization: newOrganization() }),
      naming(ada, { kind: "identity" }),
      naming(ada, { connected_to: `${RESOURCE}/` }),
    ];
    for (const body of foreign) {
      // oxlint-disable-next-line no-await-in-loop -- few
      expect((await end(body)).body["reason"]).toBe("admin_connection_unknown");
    }
    expect(await connections.list(ada.owner)).toHaveLength(1);
  });

  it.each<Members>([
    { kind: "secret" },
    { kind: "" },
    { organization: "" },
    { principal: "" },
    { connected_to: "" },
    { connected_to: `${UPSTREAM}/${"x".repeat(LIMITS.urlBytes)}` },
    { another: "member" },
  ])("is not ended by what is no name: %j", async (changes) => {
    const ada = await connect(newOrganization());
    expect(await end(naming(ada, changes))).toMatchObject({
      status: 400,
      body: { reason: "admin_request_malformed" },
    });
  });

  it("is an outage where their vault does not answer, and no success where it was ended just before", async () => {
    const ada = await connect(newOrganization());
    const [there] = await connections.describe(ada.owner);
    const answering = (theirs: readonly unknown[] | null, ended: number) =>
      endAccountConnection.run(
        { parameters: {}, body: naming(ada) } as unknown as UnparsedCall,
        {
          connections: {
            listPeople: async () => [{ ...ada.owner, subjects: [], connections: theirs }],
            disconnect: async () => ended,
          },
        } as unknown as AdminDependencies,
      );
    await expect(answering(null, 0)).rejects.toThrow("vault_unavailable");
    const late = await answering([there], 0);
    await expect("change" in late ? late.change() : null).rejects.toThrow("admin_connection_unknown");
  });

  it("makes no vault for a name that nobody has", async () => {
    const opened = vi.fn(vaultOf);
    const somebody = person(`usr_${crypto.randomUUID()}`);
    const listing = { organization: somebody.organization, principal: somebody.owner, issuer: null, sub: null };
    expect(await new Connections(opened).listPeople({ ...listing, after: null })).toEqual([]);
    expect(opened.mock.calls).toEqual([[DEPLOYMENT]]);
  });
});
