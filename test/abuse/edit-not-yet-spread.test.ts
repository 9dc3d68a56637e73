import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { TestAdmin } from "../support/admin.ts";
import { parseCompactJws } from "../../src/jwt/compact-jws.ts";
import {
  clientDocument,
  denyRule,
  idpDocument,
  type Members,
  policyDocument,
  resourceDocument,
} from "../support/documents.ts";
import { type Isolate, startIsolate } from "../support/services.ts";
import { Tenant } from "../support/tenant.ts";

/**
 * H07: KV goes on serving a document for a minute or more after it was edited, and whoever was to be stopped hurries. From
 * when the admin API has answered, nothing is issued by what was there before, wherever that is still read.
 */
const NEW_HEADERS = (revision: string): Record<string, string> => ({ "if-match": `"${revision}"` });

interface Stage {
  readonly tenant: Tenant;
  /** One whose KV serves what was there when it began, for good. */
  readonly behind: Isolate;
  readonly admin: TestAdmin;
}

async function setStage(prepare: (tenant: Tenant) => Promise<void> = async () => undefined): Promise<Stage> {
  const tenant = await Tenant.settle();
  await prepare(tenant);
  const held = new Map<string, string | null>();
  const get = async (key: string): Promise<string | null> => {
    if (!held.has(key)) held.set(key, await env.TRUST_AND_POLICY.get(key));
    return held.get(key) ?? null;
  };
  const behind = startIsolate({ TRUST_AND_POLICY: { get, list: () => Promise.reject(new Error("not here")) } });
  const stage = { tenant, behind, admin: await TestAdmin.appoint("operator") };
  expect(await redeemAt(stage)).toBe("granted");
  return stage;
}

async function redeemAt({ behind, tenant }: Stage): Promise<unknown> {
  const { status, body } = await behind.redeem(await tenant.request());
  return status === 200 ? "granted" : `${status} ${String(body["error"])}`;
}

async function edit({ admin }: Stage, key: string, change: (text: string) => string | null): Promise<Members> {
  const [kind = "", ...rest] = key.split(":");
  const path = `/admin/v1/documents/${kind}/${encodeURIComponent(rest.join(":"))}`;
  const { body: read } = await admin.call(path);
  const text = change(String(read["text"]));
  const headers = NEW_HEADERS(String(read["revision"]));
  const answer = await admin.call(
    path,
    text === null ? { method: "DELETE", headers } : { method: "PUT", body: text, headers },
  );
  expect(answer.status).toBe(200);
  return answer.body;
}

/** What every isolate does that is asked for a call: it follows the registry. */
async function hear({ behind }: Stage): Promise<void> {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + LIMITS.fencesStaleMilliseconds });
  await behind.services.gateway.isRevoked({ names: [], signedInAtMilliseconds: Date.now() });
}

afterEach(() => void vi.useRealTimers());

const disable = (text: string): string => JSON.stringify({ ...(JSON.parse(text) as object), enabled: false });

// The first of them also waits for the Worker to start.
describe("an isolate that has not heard of an edit", { timeout: 30_000 }, () => {
  it.each<[string, (tenant: Tenant) => string, (text: string, tenant: Tenant) => string | null, string]>([
    [
      "a policy that denies",
      (t) => `policy:${t.organization}`,
      (_text, t) => JSON.stringify(policyDocument({ organization: t.organization, rules: [denyRule()] })),
      "400 invalid_grant",
    ],
    ["a provider that is switched off", (t) => `idp:${t.idp.issuer}`, disable, "400 invalid_grant"],
    ["a server that is switched off", (t) => `resource:${t.resource}`, disable, "400 invalid_grant"],
    ["a policy that is gone", (t) => `policy:${t.organization}`, () => null, "400 invalid_grant"],
    ["a provider that is gone", (t) => `idp:${t.idp.issuer}`, () => null, "400 invalid_grant"],
  ])("goes by %s at once, and says what is so instead of failing", async (_name, keyOf, change, expected) => {
    const stage = await setStage();
    const { tenant } = stage;
    const answered = await edit(stage, keyOf(tenant), (text) => change(text, tenant));
    expect(answered["in_effect"]).toBe(true);
    expect(await redeemAt(stage)).toBe(expected);
  });

  it.each<[string, (text: string) => string | null]>([
    ["is switched off", disable],
    ["is gone", () => null],
  ])(
    "gives nothing to a client whose record %s, and lets it prove itself by what is there now",
    async (_name, change) => {
      const stage = await setStage();
      await edit(stage, `client:${stage.tenant.clientId}`, change);
      expect(await redeemAt(stage)).toBe("503 temporarily_unavailable");
      expect(await redeemAt(stage)).toBe("401 invalid_client");
    },
  );

  it("goes by a text that is put back, though it had been replaced, as soon as that is known", async () => {
    const stage = await setStage();
    const key = `idp:${stage.tenant.idp.issuer}`;
    let original = "";
    await edit(stage, key, (text) => disable((original = text)));
    expect(await redeemAt(stage)).toBe("400 invalid_grant");
    await edit(stage, key, () => original);
    await hear(stage);
    expect(await redeemAt(stage)).toBe("granted");
  });

  it("is not the only one: where KV is up to date, a text that was removed and written anew counts", async () => {
    const stage = await setStage();
    const [key, path] = [
      `policy:${stage.tenant.organization}`,
      `/admin/v1/documents/policy/${stage.tenant.organization}`,
    ];
    let original = "";
    await edit(stage, key, (text) => {
      original = text;
      return null;
    });
    expect(await redeemAt(stage)).toBe("400 invalid_grant");
    await stage.admin.call(path, { method: "PUT", body: original, headers: { "if-none-match": "*" } });
    const elsewhere = startIsolate();
    expect((await elsewhere.redeem(await stage.tenant.request())).status).toBe(200);
  });

  it("goes by the family's record at once, where an agent stands under that one", async () => {
    const folder = `https://${crypto.randomUUID()}.example.com/agents/`;
    const stage = await setStage();
    const { tenant } = stage;
    const family = {
      ...clientDocument({ client_id: `${folder}*`, resources: [tenant.resource] }),
      authentication: { methods: ["private_key_jwt"], metadata_document: true },
    };
    await env.TRUST_AND_POLICY.put(`client:${folder}*`, JSON.stringify(family));
    const { services } = stage.behind;
    const before = await services.token.findClient(`${folder}one`);
    expect(before?.document.enabled).toBe(true);
    await edit(stage, `client:${folder}*`, disable);
    // As the ledger's answer has it do.
    expect(await redeemAt(stage)).toBe("granted");
    await edit(stage, `idp:${tenant.idp.issuer}`, (text) => `${text} `);
    expect(await redeemAt(stage)).toBe("granted");
    expect((await services.token.findClient(`${folder}one`))?.document.enabled).toBe(false);
  });

  it("decides nothing by the old text while it cannot read the new one", async () => {
    const stage = await setStage();
    const unreachable = { getByName: () => ({ read: () => Promise.reject(new Error("down")) }) };
    const held = JSON.stringify(resourceDocument({ resource: stage.tenant.resource }));
    const get = async (key: string): Promise<string | null> =>
      key.startsWith("resource:") ? held : env.TRUST_AND_POLICY.get(key);
    await env.TRUST_AND_POLICY.put(`resource:${stage.tenant.resource}`, held);
    const isolate = startIsolate({ TRUST_AND_POLICY: { get }, DOCUMENT_EDITS: unreachable });
    await edit(stage, `resource:${stage.tenant.resource}`, disable);
    const { status } = await isolate.redeem(await stage.tenant.request());
    expect(status).toBe(503);
    expect((await isolate.redeem(await stage.tenant.request())).status).toBe(503);
  });
});

describe("an idle isolate that is shown a provider's own token", () => {
  const stageFor = () =>
    setStage((tenant) => {
      const { organization, clientId } = tenant;
      const { issuer, jwks: key_set } = tenant.idp;
      const access_tokens = { clients: { "agent-at-the-idp": clientId } };
      return tenant.put("idp", issuer, idpDocument({ issuer, organization, key_set, access_tokens }));
    });

  async function show({ tenant, behind }: Stage): Promise<readonly [refusal: string | null, isRevoked: boolean]> {
    const { findResource, acceptProviderToken, isRevoked } = behind.services.gateway;
    const found = await findResource(tenant.resource);
    if (found === null) throw new Error("no such server");
    const client_id = "agent-at-the-idp";
    const text = await tenant.assertion({ client_id, aud: tenant.resource }, { header: { typ: "at+jwt" } });
    const { refusal, token } = await acceptProviderToken({
      jws: parseCompactJws(text, "forbidden"),
      issuer: tenant.idp.issuer,
      accepted: { scopes: "as_stated" },
      resource: found.document,
      resourceRevision: found.revision,
      nowSeconds: Math.floor(Date.now() / 1000),
    });
    return [refusal, token !== null && (await isRevoked(token.fenced))];
  }

  it("takes it by the record as it is now, and none that the record has come to refuse", async () => {
    const stage = await stageFor();
    const key = `idp:${stage.tenant.idp.issuer}`;
    await edit(stage, key, (text) => `${text} `);
    expect(await show(stage)).toEqual([null, false]);
    const narrowed = await stageFor();
    await edit(narrowed, `idp:${narrowed.tenant.idp.issuer}`, disable);
    expect(await show(narrowed)).toEqual(["token_issuer", false]);
  });

  it("takes none for a server whose record it has read before it heard of the edit", async () => {
    const stage = await stageFor();
    await edit(stage, `resource:${stage.tenant.resource}`, disable);
    expect(await show(stage)).toEqual([null, true]);
  });
});

describe("an edit", () => {
  it("that widens is in force too where the old text is still read, as soon as that is known there", async () => {
    const stage = await setStage();
    const { tenant } = stage;
    const key = `policy:${tenant.organization}`;
    let original = "";
    await edit(stage, key, (text) => {
      original = text;
      return JSON.stringify(policyDocument({ organization: tenant.organization, rules: [denyRule()] }));
    });
    expect(await redeemAt(stage)).toBe("400 invalid_grant");
    await edit(stage, key, () => `${original}\n`);
    await hear(stage);
    expect(await redeemAt(stage)).toBe("granted");
  });

  it("leaves nothing behind in the registry once KV has surely forgotten the text before", async () => {
    const stage = await setStage();
    await edit(stage, `idp:${stage.tenant.idp.issuer}`, disable);
    const fences = await stage.behind.services.admin.revocations.list("document:");
    expect(fences.length).toBeGreaterThan(0);
    const latest = Date.now() + LIMITS.documentReplacedSeconds * 1000;
    for (const { expiresAtMilliseconds } of fences) expect(expiresAtMilliseconds).toBeLessThanOrEqual(latest);
  });
});
