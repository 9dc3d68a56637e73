import { describe, expect, it, vi } from "vitest";
import { chooseKey } from "../../../src/jwt/verify.ts";
import {
  authenticateClient,
  type ClientDirectory,
} from "../../../src/token-endpoint/client-authentication/authenticate-client.ts";
import { ClientSecrets } from "../../../src/token-endpoint/client-authentication/client-secret.ts";
import { CLIENT_AUTHENTICATION_METHODS, type ClientAuthenticationMethod } from "../../../src/trust/client.ts";
import { CLIENT, CROSSGATE, type Members } from "../../support/documents.ts";
import { makeClient, NOW, reasonOf } from "../../support/redemption.ts";
import { CLIENT_ASSERTION_TYPE, digestSecret } from "../../support/tenant.ts";
import { makeTestKey, signText } from "../../support/test-idp.ts";

const PEPPER = "pepper-of-this-test";
const SECRET = "the secret";
const digest = await digestSecret(SECRET, PEPPER);
const key = await makeTestKey("ES256", "client-key");

function registration(methods: readonly ClientAuthenticationMethod[], overrides: Members = {}): Members {
  const usesSecret = methods.some((method) => method !== "private_key_jwt");
  return {
    authentication: {
      methods,
      ...(usesSecret && { secret_digests: [digest] }),
      ...(methods.includes("private_key_jwt") && { key_set: { keys: [key.publicJwk] } }),
    },
    ...overrides,
  };
}

function directory(registered: Members | null, overrides: Partial<ClientDirectory> = {}): ClientDirectory {
  const client = registered === null ? null : { document: makeClient(registered), revision: "revision-1" };
  return {
    issuer: CROSSGATE,
    secrets: new ClientSecrets(PEPPER),
    findClient: async (clientId) => (clientId === CLIENT ? client : null),
    findClientKey: async ({ authentication: { key_set } }, wanted) =>
      key_set?.kind === "inline" ? chooseKey(key_set, wanted) : "no_key",
    ...overrides,
  };
}

interface Presentation {
  readonly authorization: string | null;
  readonly form: ReadonlyMap<string, string>;
}

async function assertionOf(clientId: string): Promise<string> {
  const claims = { iss: clientId, sub: clientId, aud: CROSSGATE, jti: crypto.randomUUID(), iat: NOW, exp: NOW + 60 };
  return signText(JSON.stringify({ alg: key.alg, kid: key.kid }), JSON.stringify(claims), key);
}

const PRESENT: Record<ClientAuthenticationMethod, (clientId: string, secret: string) => Promise<Presentation>> = {
  client_secret_basic: async (clientId, secret) => ({
    authorization: `Basic ${btoa(`${clientId}:${encodeURIComponent(secret)}`)}`,
    form: new Map(),
  }),
  client_secret_post: async (clientId, secret) => ({
    authorization: null,
    form: new Map([
      ["client_id", clientId],
      ["client_secret", secret],
    ]),
  }),
  private_key_jwt: async (clientId) => ({
    authorization: null,
    form: new Map([
      ["client_assertion_type", CLIENT_ASSERTION_TYPE],
      ["client_assertion", await assertionOf(clientId)],
    ]),
  }),
};

interface Attempt {
  readonly method: ClientAuthenticationMethod;
  readonly clients: ClientDirectory;
  readonly clientId?: string;
  readonly secret?: string;
}

async function authenticate({ method, clients, clientId = CLIENT, secret = SECRET }: Attempt) {
  return authenticateClient({ ...(await PRESENT[method](clientId, secret)), nowSeconds: NOW }, clients);
}

const verdictOf = (attempt: Attempt) => reasonOf(() => authenticate(attempt));

const METHODS = [...CLIENT_AUTHENTICATION_METHODS];
const REGISTRATIONS: readonly (readonly ClientAuthenticationMethod[])[] = [
  ["client_secret_basic"],
  ["client_secret_post"],
  ["private_key_jwt"],
  ["client_secret_basic", "client_secret_post"],
  ["client_secret_basic", "private_key_jwt"],
  ["client_secret_post", "private_key_jwt"],
  METHODS,
];

/** F01, F02: each method against each registration. A client that signs must not be had for a secret, nor turned round. */
describe.each(REGISTRATIONS.map((registered) => ({ registered })))(
  "a client registered for $registered",
  ({ registered }) => {
    it.each(METHODS)("that authenticates by %s", async (method) => {
      const clients = directory(registration(registered));
      expect(await verdictOf({ method, clients })).toBe(
        registered.includes(method) ? "accepted" : "client_method_not_allowed",
      );
    });
  },
);

describe("a client that is authenticated", () => {
  it.each(METHODS)("by %s is its record and revision", async (method) => {
    const { client } = await authenticate({ method, clients: directory(registration(METHODS)) });
    expect([client.document.client_id, client.revision]).toEqual([CLIENT, "revision-1"]);
  });

  // What must now be consumed, once and not yet: the rate of the client is asked first.
  it.each<[ClientAuthenticationMethod, object | null]>([
    ["client_secret_basic", null],
    ["client_secret_post", null],
    ["private_key_jwt", { jti: expect.any(String) as string, retainUntilSeconds: NOW + 180 }],
  ])("by %s has this to be consumed: %j", async (method, expected) => {
    const { spendable } = await authenticate({ method, clients: directory(registration(METHODS)) });
    expect(spendable).toEqual(expected);
  });
});

describe("what a refusal by private_key_jwt costs", () => {
  const stranger = makeTestKey("ES256", "client-key");
  const renamed = makeTestKey("ES256", "another-key");
  const signedBy = async (signer: typeof key, clientId: string): Promise<Presentation> => {
    const claims = { iss: clientId, sub: clientId, aud: CROSSGATE, jti: "1", iat: NOW, exp: NOW + 60 };
    const header = { alg: signer.alg, kid: signer.kid };
    const assertion = await signText(JSON.stringify(header), JSON.stringify(claims), signer);
    const form = new Map(Object.entries({ client_assertion_type: CLIENT_ASSERTION_TYPE, client_assertion: assertion }));
    return { authorization: null, form };
  };

  it.each<[string, () => Promise<Presentation>, Members | null, string]>([
    ["a wrong signature", async () => signedBy(await stranger, CLIENT), {}, "client_assertion_signature"],
    ["a key that it does not have", async () => signedBy(await renamed, CLIENT), {}, "client_assertion_signature"],
    ["no such client", async () => signedBy(await stranger, "nobody"), {}, "client_unknown"],
    ["a disabled client", async () => signedBy(await stranger, CLIENT), { enabled: false }, "client_disabled"],
  ])("is one verification, for %s", async (_what, presentation, overrides, reason) => {
    const clients = directory(registration(["private_key_jwt"], overrides ?? {}));
    const presented = await presentation();
    const verified = vi.spyOn(crypto.subtle, "verify");
    expect(await reasonOf(() => authenticateClient({ ...presented, nowSeconds: NOW }, clients))).toBe(reason);
    expect(verified).toHaveBeenCalledTimes(1);
    verified.mockRestore();
  });
});

describe("a client is refused", () => {
  it.each(METHODS)("by %s when there is none of its name", async (method) => {
    const clients = directory(registration(METHODS));
    expect(await verdictOf({ method, clients, clientId: "nobody" })).toBe("client_unknown");
  });

  // F08
  it.each(METHODS)("by %s when it is disabled", async (method) => {
    const clients = directory(registration(METHODS, { enabled: false }));
    expect(await verdictOf({ method, clients })).toBe("client_disabled");
  });

  it.each(["client_secret_basic", "client_secret_post"] as const)("by %s with a wrong secret", async (method) => {
    const clients = directory(registration(METHODS));
    for (const secret of ["wrong", `${SECRET} `, digest]) {
      expect(await verdictOf({ method, clients, secret })).toBe("client_secret_wrong");
    }
  });

  it.each(["client_secret_basic", "client_secret_post"] as const)(
    "by %s with a secret that was rotated out",
    async (method) => {
      const replacement = await digestSecret("replacement", PEPPER);
      const during = directory({ authentication: { methods: [method], secret_digests: [digest, replacement] } });
      const after = directory({ authentication: { methods: [method], secret_digests: [replacement] } });
      expect(await verdictOf({ method, clients: during })).toBe("accepted");
      expect(await verdictOf({ method, clients: during, secret: "replacement" })).toBe("accepted");
      expect(await verdictOf({ method, clients: after })).toBe("client_secret_wrong");
      expect(await verdictOf({ method, clients: after, secret: "replacement" })).toBe("accepted");
    },
  );
});

describe("the work that is done", () => {
  // F04: whoever measures must not learn which clients exist.
  it.each([
    ["does not exist", null, "nobody"],
    ["is disabled", registration(METHODS, { enabled: false }), CLIENT],
    ["may not use a secret", registration(["private_key_jwt"]), CLIENT],
    ["has another secret", registration(METHODS), CLIENT],
  ])("for a client that %s is one comparison", async (_name, registered, clientId) => {
    const secrets = new ClientSecrets(PEPPER);
    const compared = vi.spyOn(secrets, "matches");
    const clients = directory(registered, { secrets });
    await verdictOf({ method: "client_secret_basic", clients, clientId, secret: "wrong" });
    expect(compared).toHaveBeenCalledTimes(1);
  });
});
