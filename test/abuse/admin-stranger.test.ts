import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { callWith, putAdmin, send, TestAdmin } from "../support/admin.ts";
import { deployedRows } from "../support/ledgers.ts";
import { nowInSeconds } from "../support/tenant.ts";
import { makeTestKey } from "../support/test-idp.ts";

/**
 * K01, K03: whoever has not proved who he is learns nothing under /admin, neither what there is, nor whose name or key
 * was nearly right, and leaves no trace but a count.
 */
const PATHS = ["/admin", "/admin/", "/admin/v1", "/admin/v1/openapi.json", "/admin/v1/documents/idp/x", "/admin/%00"];
const OPENAPI = "/admin/v1/openapi.json";

function shapeOf({ status, headers, body }: Awaited<ReturnType<typeof send>>) {
  const { correlation_id: _ours, ...members } = body;
  const names = [...headers].filter(([name]) => name !== "crossgate-correlation-id");
  return { status, names, members };
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("a stranger", () => {
  it("hears the same wherever he knocks and however [CVE-2025-49596]", async () => {
    const shapes = [];
    for (const path of PATHS) {
      for (const method of ["GET", "PUT", "POST", "DELETE", "OPTIONS"]) shapes.push(await send(path, { method }));
    }
    shapes.push(await send(OPENAPI, { headers: { "cf-access-authenticated-user-email": "ada@acme.example" } }));
    shapes.push(await send(OPENAPI, { headers: { origin: "https://evil.example" } }));
    shapes.push(await send(OPENAPI, { headers: { authorization: "Bearer x" } }));
    shapes.push(await send(OPENAPI, { method: "PUT", body: "x".repeat(2_000_000) }));
    expect(new Set(shapes.map((answer) => JSON.stringify(shapeOf(answer))))).toHaveLength(1);
    expect(shapes[0]).toMatchObject({ status: 401, body: { title: "Authentication required" } });
  });

  it("hears the same from a name that exists, one that does not, and one that is broken", async () => {
    const admin = await TestAdmin.appoint("operator");
    const disabled = await TestAdmin.appoint("operator", { enabled: false });
    const broken = await TestAdmin.appoint("operator", { role: "emperor" });
    const byAccess = `${crypto.randomUUID()}@acme.example`;
    await putAdmin({ name: byAccess });
    const key = await makeTestKey("ES256", admin.key.kid);
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const answers = [
      await send(OPENAPI, {}),
      await admin.call(OPENAPI, {}, { key }),
      await admin.call(OPENAPI, {}, { claims: { iss: "nobody" } }),
      await admin.call(OPENAPI, {}, { claims: { iss: byAccess } }),
      await admin.call(OPENAPI, {}, { claims: { iss: "x".repeat(600) } }),
      await admin.call(OPENAPI, {}, { claims: { iss: 7 } }),
      await broken.call(OPENAPI),
      await disabled.call(OPENAPI),
      await callWith("a.b.c", OPENAPI),
    ];
    expect(new Set(answers.map((answer) => JSON.stringify(shapeOf(answer))))).toHaveLength(1);
    expect(answers[0]?.status).toBe(401);
  });

  it("is counted and not recorded", async () => {
    const before = (await deployedRows()).length;
    const counted = vi.spyOn(env.COUNTERS, "writeDataPoint");
    for (const path of PATHS) await send(path, {});
    await callWith("a.b.c", OPENAPI);
    expect(counted).toHaveBeenCalledTimes(PATHS.length + 1);
    expect((await deployedRows()).length).toBe(before);
  });
});

describe("a key of an administrator", () => {
  it("proves nothing once it is disabled, and that it was tried is on record", async () => {
    const admin = await TestAdmin.appoint("operator", { enabled: false });
    expect((await admin.call(OPENAPI)).status).toBe(401);
    expect((await admin.record()).map(({ reason, decision }) => [decision, reason])).toEqual([
      ["refused", "admin_disabled"],
    ]);
  });

  it.each([
    ["no algorithm", { header: { alg: "none" } }],
    ["a symmetric algorithm", { header: { alg: "HS256" } }],
    ["another type of token", { header: { typ: "JWT" } }],
    ["no type", { header: { typ: undefined } }],
    ["another key id", { header: { kid: "other" } }],
    ["a key in its header", { header: { jwk: { kty: "EC" } } }],
    ["our issuer alone as audience", { claims: { aud: env.ISSUER } }],
    ["another deployment's audience", { claims: { aud: "https://elsewhere.example/admin" } }],
    ["two audiences", { claims: { aud: [`${env.ISSUER}/admin`, "https://elsewhere.example"] } }],
    ["another method", { claims: { htm: "PUT" } }],
    ["another path", { claims: { htu: `${env.ISSUER}/admin/v1/status` } }],
    ["the same path with a query", { claims: { htu: `${env.ISSUER}${OPENAPI}?x=1` } }],
    ["another origin", { claims: { htu: `https://elsewhere.example${OPENAPI}` } }],
    ["no jti", { claims: { jti: undefined } }],
    ["no digest of the body", { claims: { body_sha256: undefined } }],
    ["a digest of another body", { claims: { body_sha256: "x".repeat(43) } }],
    ["a minute that is over", { claims: { iat: nowInSeconds() - 200, exp: nowInSeconds() - 140 } }],
    ["an hour to live", { claims: { exp: nowInSeconds() + 3600 } }],
    ["no end", { claims: { exp: undefined } }],
    ["a beginning that is to come", { claims: { iat: nowInSeconds() + 300, exp: nowInSeconds() + 360 } }],
  ])("proves nothing with %s", async (_what, changes) => {
    const admin = await TestAdmin.appoint("operator");
    expect((await admin.call(OPENAPI, {}, changes)).status).toBe(401);
    // The same admin, as the token should be: that it was only this that was wrong.
    expect((await admin.call(OPENAPI)).status).toBe(200);
  });
});
