import { beforeAll, describe, expect, it } from "vitest";
import { CROSSGATE, RESOURCE } from "../support/documents.ts";
import { type DpopKey, makeDpopKey, makeProof } from "../support/dpop.ts";
import { type CallChanges, stubUpstream, TestGateway } from "../support/gateway.ts";

/** F06, F07: whoever steals a bound token has the token and not the key. */
interface Loot {
  readonly gateway: TestGateway;
  /** Bound to the victim's key. */
  readonly token: string;
  /** One that the victim has used. */
  readonly usedProof: string;
}

let victim: DpopKey;
let thief: DpopKey;

beforeAll(async () => {
  [victim, thief] = await Promise.all([makeDpopKey(), makeDpopKey()]);
});

const now = (): number => Math.floor(Date.now() / 1000);
const headersOf = (dpop: string): Readonly<Record<string, string>> => ({ dpop });

const ATTEMPTS: readonly [name: string, changes: (loot: Loot) => Promise<CallChanges>][] = [
  ["as a bearer token", async () => ({ scheme: "Bearer" })],
  ["as a bearer token, in lower case", async () => ({ scheme: "bearer" })],
  [
    "as a bearer token, with a used proof",
    async ({ usedProof }) => ({ scheme: "Bearer", headers: headersOf(usedProof) }),
  ],
  [
    "as a bearer token, with the victim's own good proof",
    async ({ gateway, token }) => ({ scheme: "Bearer", headers: headersOf(await gateway.proof(victim, token)) }),
  ],
  ["without a proof", async () => ({ scheme: "DPoP" })],
  ["with an empty proof", async () => ({ scheme: "DPoP", headers: headersOf("") })],
  ["with a used proof", async ({ usedProof }) => ({ scheme: "DPoP", headers: headersOf(usedProof) })],
  [
    "with a used proof twice",
    async ({ usedProof }) => ({ scheme: "DPoP", headers: headersOf(`${usedProof}, ${usedProof}`) }),
  ],
  [
    "with a proof by his own key",
    async ({ gateway, token }) => ({ scheme: "DPoP", headers: headersOf(await gateway.proof(thief, token)) }),
  ],
  [
    "with his own signature under the victim's key",
    async ({ gateway, token }) => ({
      scheme: "DPoP",
      headers: headersOf(await gateway.proof({ ...thief, material: victim.material }, token)),
    }),
  ],
  [
    "with the victim's proof for another server",
    async ({ gateway, token }) => ({
      scheme: "DPoP",
      headers: headersOf(await gateway.proof(victim, token, { htu: `${CROSSGATE}/mcp/payroll` })),
    }),
  ],
  [
    "with the victim's proof for the token endpoint",
    async ({ gateway, token }) => ({
      scheme: "DPoP",
      headers: headersOf(await gateway.proof(victim, token, { htu: `${CROSSGATE}/token` })),
    }),
  ],
  [
    "with the victim's proof for another method",
    async ({ gateway, token }) => ({
      scheme: "DPoP",
      headers: headersOf(await gateway.proof(victim, token, { htm: "GET" })),
    }),
  ],
  [
    "with the victim's proof for another token",
    async ({ gateway }) => ({ scheme: "DPoP", headers: headersOf(await gateway.proof(victim, await gateway.token())) }),
  ],
  [
    "with the victim's old proof",
    async ({ gateway, token }) => ({
      scheme: "DPoP",
      headers: headersOf(await gateway.proof(victim, token, { iat: now() - 3600 })),
    }),
  ],
  [
    "with a proof made in advance",
    async ({ gateway, token }) => ({
      scheme: "DPoP",
      headers: headersOf(await gateway.proof(victim, token, { iat: now() + 3600 })),
    }),
  ],
  [
    "with the victim's proof from the token endpoint, which names no token",
    async () => ({ scheme: "DPoP", headers: headersOf(await makeProof(victim, now(), { claims: { htu: RESOURCE } })) }),
  ],
  [
    "with an unsigned proof",
    async ({ gateway, token }) => ({
      scheme: "DPoP",
      headers: headersOf(`${(await gateway.proof(victim, token)).split(".").slice(0, 2).join(".")}.`),
    }),
  ],
];

describe("a stolen token that is bound to a key", () => {
  it.each(ATTEMPTS)("opens nothing %s, and the attempt is on record [DP-04]", async (_name, changes) => {
    const upstream = stubUpstream();
    const gateway = await TestGateway.start();
    const token = await gateway.token({ cnf: { jkt: victim.thumbprint } });
    const usedProof = await gateway.proof(victim, token);
    const used = await gateway.call({ token, scheme: "DPoP", headers: { dpop: usedProof } });
    expect([used.status, upstream.sent.length]).toEqual([200, 1]);

    const attempt = await gateway.call({ token, ...(await changes({ gateway, token, usedProof })) });
    expect(attempt.status).toBe(401);
    expect(attempt.challenge).toMatch(/^DPoP error="invalid_(?:token|dpop_proof)", algs="/);
    expect(upstream.sent).toHaveLength(1);
    expect(gateway.events.map(({ decision, principal }) => [decision, principal])).toEqual([
      ["granted", "usr_ada"],
      ["refused", "usr_ada"],
    ]);
  });

  it.each([
    ["a thumbprint of another kind", { "x5t#S256": "x" }],
    ["nothing", {}],
    ["a number", { jkt: 1 }],
    ["a list", { jkt: ["a"] }],
    ["a text where an object belongs", "jkt"],
    ["null", null],
  ])("to %s is bound all the same", async (_name, cnf) => {
    const upstream = stubUpstream();
    const gateway = await TestGateway.start();
    const token = await gateway.token({ cnf });
    const headers = { dpop: await gateway.proof(thief, token) };
    expect((await gateway.call({ token })).status).toBe(401);
    expect((await gateway.call({ token, scheme: "DPoP", headers })).status).toBe(401);
    expect(upstream.sent).toEqual([]);
  });

  it("64 times at once with one proof is used once", async () => {
    const upstream = stubUpstream();
    const gateway = await TestGateway.start();
    const token = await gateway.token({ cnf: { jkt: victim.thumbprint } });
    const headers = { dpop: await gateway.proof(victim, token) };
    const answers = await Promise.all(
      Array.from({ length: 64 }, () => gateway.call({ token, scheme: "DPoP", headers })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(upstream.sent).toHaveLength(1);
  });
});
