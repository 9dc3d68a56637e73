import { base64url } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { documentFenceName } from "../../src/revocation/document-fence.ts";
import { fenceName } from "../../src/revocation/fence-names.ts";
import { CLIENT, CROSSGATE, denyRule, IDP, type Members, permitRule, RESOURCE } from "../support/documents.ts";
import { makeDpopKey } from "../support/dpop.ts";
import { type Answered, LIST_TOOLS, stubUpstream } from "../support/gateway.ts";
import {
  ACCESS_TOKENS,
  CLIENT_AT_IDP,
  type ProviderWorld,
  signAccessToken,
  startProviderWorld,
} from "../support/provider-tokens.ts";
import { makeTestKey, TestIdp, validClaims } from "../support/test-idp.ts";

/** One that takes every type that a provider may call its tokens, so that nothing but their contents tells them apart. */
const LAX = { access_tokens: { ...ACCESS_TOKENS, types: ["at+jwt", "jwt", "none"] } };

let strict: ProviderWorld;
let lax: ProviderWorld;

beforeAll(async () => {
  [strict, lax] = await Promise.all([startProviderWorld(), startProviderWorld({ idp: LAX })]);
});

/** @returns the reason on record or counted; what is refused must have gone nowhere */
async function refusalOf({ gateway }: ProviderWorld, token: string, changes: Members = {}): Promise<string | null> {
  const upstream = stubUpstream();
  const [events, counted] = [gateway.events.length, gateway.counted.length];
  const answered: Answered = await gateway.call({ token, ...changes });
  if (answered.status === 200) return null;
  expect(upstream.sent).toEqual([]);
  expect(answered.text + (answered.challenge ?? "")).not.toContain(token);
  return gateway.events[events]?.reason ?? gateway.counted[counted] ?? "not counted";
}

const now = (): number => Math.floor(Date.now() / 1000);

describe("a token of the provider's that is no access token", () => {
  it.each<[string, Members, Members]>([
    ["an ID-JAG", validClaims(), { typ: "oauth-id-jag+jwt" }],
    ["an ID-JAG for this very server", { jti: "j", resource: RESOURCE }, { typ: "oauth-id-jag+jwt" }],
    ["an ID token, by its nonce", { nonce: "n" }, { typ: "JWT" }],
    ["an ID token, by the hash of what came with it", { at_hash: "h" }, { typ: "JWT" }],
    ["an ID token of a hybrid flow", { c_hash: "h" }, { typ: "JWT" }],
    ["a logout token", { events: { "http://schemas.openid.net/event/backchannel-logout": {} } }, { typ: "JWT" }],
    ["an ID token that says so (Keycloak)", { typ: "ID" }, { typ: "JWT" }],
    ["a refresh token that says so (Keycloak)", { typ: "Refresh" }, { typ: "JWT" }],
    ["an ID token that says so (Cognito)", { token_use: "id" }, { typ: undefined }],
    ["one whose kind is no text", { typ: ["Bearer"] }, { typ: "JWT" }],
    ["a security event", {}, { typ: "secevent+jwt" }],
    ["a proof", {}, { typ: "dpop+jwt" }],
    ["one of an unknown kind", {}, { typ: "at+jwt+x" }],
  ])("%s is refused, whatever types are taken", async (_, claims, header) => {
    expect(await refusalOf(lax, await lax.token(claims, header))).toMatch(/^token_(?:malformed|audience)$/);
  });

  it("is an ID token where it is for the very client that has it, even under the audience that is expected", async () => {
    const resource = { provider_tokens: { [IDP]: { audience: CLIENT_AT_IDP } } };
    const world = await startProviderWorld({ idp: LAX, resource });
    const idToken = await world.token({ aud: CLIENT_AT_IDP }, { typ: "JWT" });
    expect(await refusalOf(world, idToken)).toBe("token_malformed");
  });

  it.each([["JWT"], [undefined]])(
    "is every one of type %s, unless the provider's record says otherwise",
    async (typ) => {
      expect(await refusalOf(strict, await strict.token({}, { typ }))).toBe("token_malformed");
      expect(await refusalOf(lax, await lax.token({}, { typ }))).toBeNull();
    },
  );
});

describe("a token of the provider's that is for somebody or something else", () => {
  it.each<[string, Members, string]>([
    ["another server of ours", { aud: "https://crossgate.example/mcp/mail" }, "token_audience"],
    ["this server and another", { aud: [RESOURCE, "https://mail.example"] }, "token_audience"],
    ["this Crossgate as a whole", { aud: CROSSGATE }, "token_audience"],
    ["a look-alike", { aud: `${RESOURCE}/` }, "token_audience"],
    ["nobody", { aud: undefined }, "token_audience"],
    ["no list of names", { aud: { is: RESOURCE } }, "token_audience"],
    ["a client that nobody has named", { client_id: "another" }, "token_client"],
    ["a client of ours, by the name that it has here", { client_id: CLIENT }, "token_client"],
    ["a client that every object has", { client_id: "constructor" }, "token_client"],
    ["no client", { client_id: undefined }, "token_client"],
    ["a client named in another claim", { client_id: undefined, azp: CLIENT_AT_IDP }, "token_client"],
    ["a client that is a list", { client_id: [CLIENT_AT_IDP] }, "token_client"],
    ["nobody in particular", { sub: undefined }, "token_malformed"],
    ["one transfer and no other (RFC 9396)", { authorization_details: [{ type: "transfer" }] }, "token_malformed"],
    ["no transfer at all", { authorization_details: [] }, "token_malformed"],
    ["another organization, by its own word", { aud_tenant: "globex" }, "token_issuer"],
  ])("%s is refused", async (_, claims, reason) => {
    expect(await refusalOf(strict, await strict.token(claims))).toBe(reason);
  });

  it("is another customer's at an issuer that many share", async () => {
    const shared = { organization: undefined, tenants: { t1: "acme" }, access_tokens: ACCESS_TOKENS };
    const world = await startProviderWorld({ idp: shared });
    expect(await refusalOf(world, await world.token({ tenant: "t1" }))).toBeNull();
    for (const tenant of [undefined, "t2", "constructor"]) {
      expect(await refusalOf(world, await world.token({ tenant }))).toBe("token_issuer");
    }
  });
});

describe("a token that the provider's client got for itself", () => {
  it.each<[string, Members]>([
    ["by its subject", { sub: CLIENT_AT_IDP }],
    ["by its subject, under another of its names", { sub: "service-7", azp: "service-7" }],
    ["by its subject, as Okta names it", { sub: "service-7", cid: "service-7" }],
    ["by its subject, as Entra names it", { sub: "service-7", appid: "service-7" }],
    ["by its subject, as Auth0 spells it", { sub: `${CLIENT_AT_IDP}@clients` }],
    ["by its grant (Auth0)", { gty: "client-credentials" }],
    ["by its grants", { gty: ["client-credentials"] }],
    ["by its kind (Entra)", { idtyp: "app" }],
  ])("is nobody's, which is told %s", async (_, claims) => {
    expect(await refusalOf(strict, await strict.token(claims))).toBe("token_subject");
  });

  it("is told by the client's name there, in whichever claim that is", async () => {
    const world = await startProviderWorld({ idp: { access_tokens: { ...ACCESS_TOKENS, client_claim: "client_id" } } });
    expect(await refusalOf(world, await world.token({ gty: "password", idtyp: "user", azp: "another" }))).toBeNull();
    expect(await refusalOf(world, await world.token({ sub: CLIENT_AT_IDP, azp: "another" }))).toBe("token_subject");
  });
});

describe("a token of the provider's whose client left out what a rule denies by", () => {
  const permit = permitRule({ clients: [CLIENT], resources: [RESOURCE], scopes: "any" });
  const byGroup = {
    idp: { groups_claim: "groups" },
    rules: [permit, denyRule({ clients: "any", groups: ["contractors"] })],
  };
  const byAddress = {
    idp: { email_domains: ["acme.example"] },
    rules: [permit, denyRule({ clients: "any", email_domains: ["acme.example"] })],
  };

  it.each<[string, typeof byGroup | typeof byAddress, Members, string | null]>([
    ["groups", byGroup, {}, "token_outdated"],
    ["groups, for too many to be said", byGroup, { _claim_names: { groups: "src1" } }, "token_outdated"],
    ["some groups", byGroup, { groups: ["a"], _claim_names: { groups: "src1" } }, "token_outdated"],
    ["some groups, it does not say which", byGroup, { groups: ["a"], _claim_names: "groups" }, "token_outdated"],
    ["nothing of the groups", byGroup, { groups: ["contractors"] }, "call_denied"],
    ["nothing, and is in others", byGroup, { groups: ["engineers"], _claim_names: { roles: "src1" } }, null],
    ["nothing, and is in none", byGroup, { groups: [] }, null],
    ["the address", byAddress, {}, "token_outdated"],
    ["that it is verified", byAddress, { email: "ada@acme.example", email_verified: false }, "token_outdated"],
    ["what is an address", byAddress, { email: "ada" }, "token_outdated"],
    ["nothing of the address", byAddress, { email: "ada@acme.example", email_verified: true }, "call_denied"],
    ["nothing, and is of another domain", byAddress, { email: "ada@other.example" }, null],
  ])("and has left out %s, is judged so", async (_, options, claims, reason) => {
    const world = await startProviderWorld(options);
    expect(await refusalOf(world, await world.token(claims))).toBe(reason);
  });

  it("is good where policy asks about neither, and shows no list with holes where it does", async () => {
    const world = await startProviderWorld({ idp: { ...byGroup.idp, ...byAddress.idp }, rules: [permit] });
    expect(await refusalOf(world, await world.token())).toBeNull();
    const asking = await startProviderWorld(byGroup);
    expect(await refusalOf(asking, await asking.token(), { message: LIST_TOOLS })).toBe("token_outdated");
  });
});

describe("a token of the provider's that is not signed as it must be", () => {
  it("has no signature, another's, or a changed word", async () => {
    const good = await strict.token();
    const [header = "", payload = "", signature = ""] = good.split(".");
    const none = base64url.encode(JSON.stringify({ typ: "at+jwt", alg: "none" }));
    const changed = base64url.encode(
      new TextDecoder().decode(base64url.decode(payload)).replace("user-ada", "user-eve"),
    );
    const stranger = await TestIdp.start();
    const forged = await signAccessToken(stranger);
    expect(await refusalOf(strict, good)).toBeNull();
    expect(await refusalOf(strict, `${none}.${payload}.`)).toBe("token_malformed");
    expect(await refusalOf(strict, `${none}.${payload}.${signature}`)).toBe("token_signature");
    expect(await refusalOf(strict, `${header}.${changed}.${signature}`)).toBe("token_signature");
    expect(await refusalOf(strict, forged)).toBe("token_signature");
  });

  it("is by an algorithm that the provider's record does not allow, or under a key that it does not have", async () => {
    const world = await startProviderWorld({ algorithms: ["ES256", "RS256"] });
    const rsa = world.idp.keys.find(({ alg }) => alg === "RS256");
    const claims = { iss: IDP, aud: RESOURCE, sub: "user-ada", client_id: CLIENT_AT_IDP, iat: now(), exp: now() + 60 };
    const byRsa = await world.idp.sign(claims, { header: { typ: "at+jwt" }, ...(rsa && { key: rsa }) });
    expect(await refusalOf(world, byRsa)).toBe("token_signature");
    expect(await refusalOf(world, await world.token({}, { kid: "another" }))).toBe("token_signature");
  });

  it.each([
    ["jwk", {}],
    ["jku", "https://evil.example/jwks"],
    ["x5u", "https://evil.example"],
    ["crit", ["exp"]],
  ])("brings its own key in %s", async (member, value) => {
    expect(await refusalOf(strict, await strict.token({}, { [member]: value }))).toBe("token_malformed");
  });

  it("is signed by us, and is none of ours either: who signs and who is named are not one", async () => {
    const ours = await strict.gateway.token({ iss: IDP, client_id: CLIENT_AT_IDP, sub: "user-ada" });
    expect(await refusalOf(strict, ours)).toBe("token_signature");
  });

  it("names us, and is judged by our keys alone, even where our record names us as a provider", async () => {
    const world = await startProviderWorld({ resource: { provider_tokens: { [IDP]: {}, [CROSSGATE]: {} } } });
    const forged = await world.token({ iss: CROSSGATE, organization: "acme", jti: "t" });
    expect(await refusalOf(world, forged)).toBe("token_signature");
    expect(await refusalOf(world, await world.gateway.token())).toBeNull();
  });
});

describe("a token of the provider's at the wrong time", () => {
  it.each<[string, () => Members, string]>([
    ["is over, to the second", () => ({ iat: now() - 60, exp: now() }), "token_expired"],
    ["is not yet good", () => ({ nbf: now() + 120 }), "token_expired"],
    ["is from the future", () => ({ iat: now() + 120, exp: now() + 600 }), "token_expired"],
    ["lives too long", () => ({ exp: now() + LIMITS.providerTokenLifetimeSeconds + 60 }), "token_lifetime"],
    ["ends before it begins", () => ({ iat: now() + 20, exp: now() + 10 }), "token_lifetime"],
    ["never ends", () => ({ exp: undefined }), "token_malformed"],
    ["ends in a text", () => ({ exp: String(now() + 60) }), "token_malformed"],
    ["has no beginning", () => ({ iat: undefined }), "token_malformed"],
  ])("%s", async (_, claims, reason) => {
    expect(await refusalOf(strict, await strict.token(claims()))).toBe(reason);
  });
});

describe("a token of the provider's that is over", () => {
  it("is counted and not written down, or it were a pen that never runs dry", async () => {
    const { gateway, token } = await startProviderWorld();
    expect((await gateway.call({ token: await token({ iat: now() - 60, exp: now() }) })).status).toBe(401);
    expect([gateway.events, gateway.counted]).toEqual([[], ["token_expired"]]);
  });
});

describe("a token of the provider's where nobody said that it is taken", () => {
  it.each<[string, Parameters<typeof startProviderWorld>[0], string]>([
    ["at a server that names no provider", { resource: { provider_tokens: {} } }, "token_signature"],
    ["at a server that names another", { resource: { provider_tokens: { [`${IDP}/`]: {} } } }, "token_signature"],
    ["of a provider whose record does not", { idp: { access_tokens: undefined } }, "token_issuer"],
    ["of a provider that is disabled", { idp: { enabled: false } }, "token_issuer"],
    ["of a client that is disabled", { client: { enabled: false } }, "token_client"],
    ["of a client that has no business at this server", { client: { resources: [] } }, "token_client"],
    ["unbound, of a client that must prove a key", { client: { dpop_required: true } }, "token_binding"],
    ["unbound, at a server that takes bound ones alone", { resource: { dpop_required: true } }, "token_binding"],
  ])("%s is refused", async (_, options, reason) => {
    const world = await startProviderWorld(options);
    expect(await refusalOf(world, await world.token({}, {}))).toBe(reason);
  });
});

describe("a token of nobody's", () => {
  it.each(["constructor", "__proto__", "", undefined, 7])(
    "that is issued by %s is judged as one of ours",
    async (iss) => {
      expect(await refusalOf(strict, await strict.token({ iss }))).toBe("token_signature");
    },
  );
});

describe("a token of the provider's that is bound to a key", () => {
  it("is nobody's without a proof by that key, and bound by nothing that we cannot check", async () => {
    const [key, other] = await Promise.all([makeDpopKey(), makeDpopKey()]);
    const bound = await strict.token({ cnf: { jkt: key.thumbprint } });
    const withProof = async (by: typeof key) => ({
      scheme: "DPoP",
      headers: { dpop: await strict.gateway.proof(by, bound) },
    });
    expect(await refusalOf(strict, bound)).toBe("token_binding");
    expect(await refusalOf(strict, bound, await withProof(other))).toBe("token_binding");
    expect(await refusalOf(strict, bound, await withProof(key))).toBeNull();
    const byCertificate = await strict.token({ cnf: { "x5t#S256": "A".repeat(43) } });
    expect(await refusalOf(strict, byCertificate)).toBe("token_binding");
  });
});

describe("a token of the provider's whose bearer has been stopped", () => {
  it.each([
    ["the person", () => fenceName("subject", IDP, "user-ada")],
    ["the provider", () => fenceName("issuer", IDP)],
    ["the client", () => fenceName("client", CLIENT)],
    ["the organization", () => fenceName("organization", "acme")],
    ["the connection", () => fenceName("connection", "acme", CLIENT, RESOURCE)],
    ["the provider's key", () => fenceName("assertion_key", IDP, "key-ES256")],
    ["what the provider's record said", () => documentFenceName("idp", "idp-1")],
    ["what the client's record said", () => documentFenceName("client", "client-1")],
    ["what the server's record said", () => documentFenceName("resource", "revision-1")],
  ])("is refused when %s is", async (_, name) => {
    const world = await startProviderWorld({ overrides: { isRevoked: async ({ names }) => names.includes(name()) } });
    expect(await refusalOf(world, await world.token())).toBe("token_revoked");
    expect(world.gateway.events).toMatchObject([{ decision: "refused", subject: "user-ada", token_kind: "provider" }]);
  });

  it("is refused by the id in its record, in whichever spelling its signature comes", async () => {
    const revoked = new Set<string>();
    const isRevoked = async ({ names }: { readonly names: readonly string[] }) =>
      names.some((name) => revoked.has(name));
    const world = await startProviderWorld({ overrides: { isRevoked } });
    const token = await world.token();
    expect(await refusalOf(world, token)).toBeNull();
    revoked.add(fenceName("token", world.gateway.events[0]?.token_id ?? ""));
    expect(await refusalOf(world, token)).toBe("token_revoked");
    expect(await refusalOf(world, otherSpelling(token))).toBe("token_revoked");
    expect(await refusalOf(world, await world.token({ jti: "another" }))).toBeNull();
  });

  it("rests on the sign-in, so that ending sign-ins ends it", async () => {
    const seen: number[] = [];
    const isRevoked = async (facts: { readonly signedInAtMilliseconds: number }) => {
      seen.push(facts.signedInAtMilliseconds);
      return false;
    };
    const world = await startProviderWorld({ overrides: { isRevoked } });
    const at = now();
    await refusalOf(world, await world.token({ iat: at, auth_time: at - 500 }));
    await refusalOf(world, await world.token({ iat: at, auth_time: at + 20 }));
    expect(new Set(seen)).toEqual(new Set([(at - 500) * 1000, at * 1000]));
  });
});

describe("tokens of the provider's in masses", () => {
  it("cost no look at its keys beyond the network's rate, and ours are not counted against it", async () => {
    const world = await startProviderWorld({ overrides: { isNetworkWithinRate: async () => false } });
    expect(await refusalOf(world, await world.token())).toBe("gateway_rate_limited");
    expect(await refusalOf(world, await world.gateway.token())).toBeNull();
  });

  it("are counted against their client, as ours are", async () => {
    const asked: string[] = [];
    const isClientWithinRate = async (clientId: string) => asked.push(clientId) > 1;
    const world = await startProviderWorld({ overrides: { isClientWithinRate } });
    expect(await refusalOf(world, await world.token())).toBe("gateway_rate_limited");
    expect(asked).toEqual([CLIENT]);
  });

  it("are read up to their limit alone", async () => {
    expect(await refusalOf(strict, await strict.token({ padding: "p".repeat(LIMITS.jwtBytes) }))).toBe(
      "token_malformed",
    );
    expect(await refusalOf(strict, await strict.token({ scope: "s ".repeat(4000) }))).toBe("token_malformed");
  });
});

/** ECDSA: (r, n − s) is as good as (r, s). */
function otherSpelling(token: string): string {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const end = token.lastIndexOf(".");
  const signature = base64url.decode(token.slice(end + 1));
  const hex = Array.from(signature.slice(32), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const other = (order - BigInt(`0x${hex}`)).toString(16).padStart(64, "0");
  signature.set(
    Uint8Array.from(other.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)),
    32,
  );
  return `${token.slice(0, end)}.${base64url.encode(signature)}`;
}

describe("a stranger's key under the provider's name", () => {
  it("signs nothing that counts", async () => {
    const key = await makeTestKey("ES256", "key-ES256");
    const claims = { iss: IDP, aud: RESOURCE, sub: "user-ada", client_id: CLIENT_AT_IDP, iat: now(), exp: now() + 60 };
    expect(await refusalOf(strict, await strict.idp.sign(claims, { header: { typ: "at+jwt" }, key }))).toBe(
      "token_signature",
    );
  });
});
