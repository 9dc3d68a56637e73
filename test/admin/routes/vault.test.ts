import { env, runDurableObjectAlarm } from "cloudflare:test";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { DEPLOYMENT, vaultNameOf } from "../../../durable-objects/vault-owner.ts";
import { type AdminAnswer, TestAdmin } from "../../support/admin.ts";
import type { Members } from "../../support/documents.ts";

const SECRETS = "/admin/v1/vault/secrets";
const RESOURCE = "https://crossgate.example/mcp/files";

let operator: TestAdmin;
let viewer: TestAdmin;

beforeAll(async () => {
  [operator, viewer] = await Promise.all([TestAdmin.appoint("operator"), TestAdmin.appoint("viewer")]);
});

const vault = () => env.VAULT.getByName(vaultNameOf(DEPLOYMENT));
const newName = (): string => `secret-${crypto.randomUUID()}`;

function put(name: string, body: Members, admin = operator): Promise<AdminAnswer> {
  return admin.call(`${SECRETS}/${name}`, { method: "PUT", body: JSON.stringify(body) });
}

describe("the vault's secrets", () => {
  it("are set, listed without their values, replaced and deleted, and it is on record who did it", async () => {
    const name = newName();
    const canary = `canary-${crypto.randomUUID()}`;
    const created = await put(name, { value: canary, resources: [RESOURCE] });
    expect(created).toMatchObject({ status: 200, body: { created: true, effective_within_seconds: 30 } });
    expect(await vault().revealSecret(name, RESOURCE)).toMatchObject({ value: canary });

    const listed = await viewer.call(SECRETS);
    expect(listed.body["secrets"]).toContainEqual(
      expect.objectContaining({ name, resources: [RESOURCE], kid: expect.any(String), created_at: expect.any(String) }),
    );
    expect((await put(name, { value: "another" })).body).toMatchObject({ created: false });
    expect((await operator.call(`${SECRETS}/${name}`, { method: "DELETE" })).status).toBe(200);
    expect(await vault().revealSecret(name, RESOURCE)).toBe("absent");
    const gone = await operator.call(`${SECRETS}/${name}`, { method: "DELETE" });
    expect(gone).toMatchObject({ status: 404, body: { reason: "admin_secret_unknown" } });

    const record = (await operator.record()).filter((event) => event.document_key === `vault:${name}`);
    expect(record.map(({ action, decision }) => `${action} ${decision}`).toSorted()).toEqual([
      "changed granted",
      "created granted",
      "removed granted",
      "removed refused",
    ]);
    expect([listed.text, created.text, JSON.stringify(record)].join()).not.toContain(canary);
  });

  it.each<[string, Members]>([
    ["a line end", { value: "a\nb" }],
    ["a header of its own", { value: "a\r\nx-admin: yes" }],
    ["another script", { value: "пароль" }],
    ["a space at its end", { value: "a " }],
    ["nothing", { value: "" }],
    ["more than a header takes", { value: "x".repeat(8 * 1024 + 1) }],
    ["a restriction to no server", { value: "a", resources: [] }],
    ["a member that there is not", { value: "a", resource: RESOURCE }],
  ])("are not set with %s, and nothing of them is told", async (_what, body) => {
    const name = newName();
    const answer = await put(name, body);
    expect(answer).toMatchObject({ status: 400, body: { reason: "admin_request_malformed" } });
    expect(answer.text).not.toContain(JSON.stringify(body["value"]));
    expect(await vault().revealSecret(name, RESOURCE)).toBe("absent");
  });

  it.each(["UPPER", "a%2Fb", "a%20b", "-a"])("have no name like %s", async (name) => {
    expect(await put(name, { value: "x" })).toMatchObject({ body: { reason: "admin_request_malformed" } });
  });

  it("are a viewer's to see, and not to change", async () => {
    const name = newName();
    await put(name, { value: "x" });
    expect((await put(name, { value: "y" }, viewer)).status).toBe(403);
    expect((await viewer.call(`${SECRETS}/${name}`, { method: "DELETE" })).status).toBe(403);
    expect((await viewer.call("/admin/v1/vault/rotate", { method: "POST" })).status).toBe(403);
    expect(await vault().revealSecret(name, RESOURCE)).toMatchObject({ value: "x" });
  });
});

describe("the vault's rotation", () => {
  it("is begun by an operator, is on record, and says how far it has come", async () => {
    await put(newName(), { value: "x" });
    const begun = await operator.call("/admin/v1/vault/rotate", { method: "POST" });
    expect(begun).toMatchObject({ status: 202, body: { rotation: { finished_at: null } } });
    await runDurableObjectAlarm(vault());
    await vi.waitUntil(async () => (await vault().status()).rotation?.finishedAtMilliseconds !== null);
    const { body } = await viewer.call("/admin/v1/vault");
    expect(body).toMatchObject({ rotation: { finished_at: expect.any(String), damaged: 0, failures: 0 } });
    const kid = String(body["current_kid"]);
    expect(Object.keys(body["secrets_by_kid"] as object)).toEqual([kid]);
    expect(await operator.record()).toContainEqual(
      expect.objectContaining({ operation: "rotate_vault", action: "changed", document_key: "vault", key_id: kid }),
    );
  });
});
