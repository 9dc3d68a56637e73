import { readVerificationKey } from "../../src/jwt/json-web-key.ts";
import { chooseKey } from "../../src/jwt/verify.ts";
import type { ProviderAccessDependencies } from "../../src/access-token/provider-access.ts";
import { clientDocument, CLIENT, IDP, idpDocument, type Members, permitRule, RESOURCE } from "./documents.ts";
import { TestGateway } from "./gateway.ts";
import type { GatewayDependencies } from "../../src/gateway/gateway.ts";
import { parseDocument } from "./redemption.ts";
import { type SigningAlgorithm, TestIdp } from "./test-idp.ts";

/** The agent, by the name that the provider has for it. */
export const CLIENT_AT_IDP = "agent-at-the-idp";
export const ACCESS_TOKENS = { clients: { [CLIENT_AT_IDP]: CLIENT } };

export interface ProviderWorld {
  readonly gateway: TestGateway;
  readonly idp: TestIdp;
  /** An access token of the provider's that is good now, but for what `claims` and `header` say. */
  readonly token: (claims?: Members, header?: Members) => Promise<string>;
}

interface Options {
  readonly idp?: Members;
  readonly client?: Members;
  readonly resource?: Members;
  readonly rules?: readonly Members[];
  readonly algorithms?: readonly SigningAlgorithm[];
  readonly overrides?: Partial<GatewayDependencies>;
}

/** A gateway before one server that takes this provider's own tokens. */
export async function startProviderWorld(options: Options = {}): Promise<ProviderWorld> {
  const { idp: idpChanges, client: clientChanges, resource, overrides = {} } = options;
  const rules = options.rules ?? [permitRule({ clients: [CLIENT], resources: [RESOURCE], scopes: "any" })];
  const idp = await TestIdp.start(options.algorithms === undefined ? {} : { algorithms: options.algorithms });
  const keys = idp.jwks.keys.map((key) => readVerificationKey(key)).filter((key) => typeof key !== "string");
  const idpRecord = parseDocument("idp", IDP, idpDocument({ access_tokens: ACCESS_TOKENS, ...idpChanges }));
  const client = parseDocument("client", CLIENT, clientDocument(clientChanges));
  const providerAccess: ProviderAccessDependencies = {
    findIdp: async (issuer) => (issuer === IDP ? { document: idpRecord, revision: "idp-1" } : null),
    findClient: async (id) => (id === CLIENT ? { document: client, revision: "client-1" } : null),
    findKey: async (_idp, wanted) => chooseKey({ keys }, wanted),
    resolveSubject: async (_organization, { sub }) => (sub === "user-ada" ? { account: "account-of-ada" } : "unknown"),
  };
  const resources = [{ provider_tokens: { [IDP]: {} }, ...resource }];
  const gateway = await TestGateway.start({ resources, rules, providerAccess, overrides });
  return { gateway, idp, token: (claims, header) => signAccessToken(idp, claims, header) };
}

export function signAccessToken(idp: TestIdp, claims: Members = {}, header: Members = {}): Promise<string> {
  const nowSeconds = Math.floor(Date.now() / 1000);
  const members = {
    iss: IDP,
    aud: RESOURCE,
    sub: "user-ada",
    client_id: CLIENT_AT_IDP,
    iat: nowSeconds,
    exp: nowSeconds + 600,
    scope: "files:read",
    ...claims,
  };
  return idp.sign(members, { header: { typ: "at+jwt", ...header } });
}
