import { env } from "cloudflare:workers";
import { afterEach, expect, it, vi } from "vitest";
import { TestAdmin } from "../support/admin.ts";
import { clientDocument } from "../support/documents.ts";
import { startIsolate } from "../support/services.ts";
import { CLIENT_ASSERTION_TYPE, Tenant } from "../support/tenant.ts";

/**
 * Clients of a family are made up by whoever serves its metadata documents, so a block of each by name is a race that
 * an operator loses. Blocking the family, by the name that documents and rules use, must stop every member of it.
 */
afterEach(() => void vi.restoreAllMocks());

async function settleFamily() {
  const tenant = await Tenant.settle();
  const origin = `https://${crypto.randomUUID()}.example.net`;
  const family = `${origin}/agents/*`;
  const authentication = { methods: ["private_key_jwt"], metadata_document: true };
  const resources = [tenant.resource];
  const document = clientDocument({ client_id: family, authentication, resources });
  await env.TRUST_AND_POLICY.put(`client:${family}`, JSON.stringify(document));
  const rule = { id: "family", effect: "permit", clients: [family], resources, scopes: "any" };
  await tenant.put("policy", tenant.organization, { organization: tenant.organization, rules: [rule] });
  const keys = [tenant.clientKey.publicJwk];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input) => {
    const client_id = new Request(input).url;
    return Response.json({ client_id, token_endpoint_auth_method: "private_key_jwt", jwks: { keys } });
  });
  const redeem = async (member: string) => {
    const clientId = `${origin}/agents/${member}`;
    const client_assertion = await tenant.clientAssertion({ iss: clientId, sub: clientId }, { key: tenant.clientKey });
    const assertion = await tenant.assertion({ client_id: clientId });
    const form = { client_assertion_type: CLIENT_ASSERTION_TYPE, client_assertion, assertion };
    const { status, body } = await startIsolate().redeem(
      await tenant.request({ form, headers: { authorization: undefined } }),
    );
    return status === 200 ? "granted" : body["error"];
  };
  return { origin, family, redeem };
}

async function order(client_id: string, word: string): Promise<number> {
  const admin = await TestAdmin.appoint("operator");
  const body = JSON.stringify({ what: { kind: "client", client_id }, order: word, reason: "INC-1" });
  return (await admin.call("/admin/v1/revocations", { method: "POST", body })).status;
}

it("a member of a blocked family gets no token, whatever it calls itself, until the family is restored", async () => {
  const { origin, family, redeem } = await settleFamily();
  expect(await redeem("red/client.json")).toBe("granted");
  expect(await order(`${origin}/agents-of-others/*`, "block")).toBe(200);
  expect(await redeem("red/client.json")).toBe("granted");
  expect(await order(family, "block")).toBe(200);
  expect([await redeem("red/client.json"), await redeem("new.json")]).toEqual(["invalid_grant", "invalid_grant"]);
  expect(await order(family, "restore")).toBe(200);
  expect(await redeem("red/client.json")).toBe("granted");
});

it("a pattern that could cover nobody is refused, and not answered as in effect", async () => {
  for (const pattern of ["agents/*", "https://host.example/a/b/c/d/e/f/g/h/*", "https://host.example/a*/../*"]) {
    expect(await order(pattern, "block")).toBe(400);
  }
});
