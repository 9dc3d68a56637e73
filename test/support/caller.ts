import type { AccessToken } from "../../src/access-token/verify.ts";
import type { Caller } from "../../src/gateway/authorization.ts";
import type { Message } from "../../src/gateway/message.ts";
import { CLIENT, IDP, type Members, ORGANIZATION, permitRule, RESOURCE } from "./documents.ts";
import { makePolicy, makeResource, NOW } from "./redemption.ts";

/** A token as the gateway has verified it. */
export function makeAccessToken(overrides: Partial<AccessToken> = {}): AccessToken {
  return {
    kind: "own",
    tokenId: "token-1",
    audience: RESOURCE,
    principal: "usr_ada",
    subject: { issuer: IDP, sub: "user-ada", tenant: null },
    clientId: CLIENT,
    organization: ORGANIZATION,
    actor: null,
    scope: new Set(["files:read"]),
    authorizationDetailsTypes: new Set(),
    authentication: { authTimeSeconds: null, acr: null, amr: null },
    groups: new Set(),
    emailDomain: null,
    isFactsStated: false,
    policy: { revision: "policy-revision", asked: null },
    expiresAtSeconds: NOW + 300,
    confirmedKey: null,
    fenced: { names: [], signedInAtMilliseconds: 0 },
    ...overrides,
  };
}

export interface CallerChanges {
  readonly token?: Partial<AccessToken>;
  readonly resource?: Members;
  readonly rules?: readonly Members[];
  readonly isFactsComplete?: boolean;
}

/** Who calls, under a policy that permits whatever the token's scopes mean, but for what `changes` says. */
export function makeCaller({ token, resource, rules, isFactsComplete = true }: CallerChanges = {}): Caller {
  return {
    token: makeAccessToken(token),
    resource: makeResource(resource),
    policy: { document: makePolicy({ rules: rules ?? [permitRule({ scopes: "any" })] }), revision: "policy-revision" },
    isFactsComplete,
    nowSeconds: NOW,
  };
}

/** A message as the gateway has read it. */
export function makeMessage(changes: Partial<Message> = {}): Message {
  return {
    kind: "request",
    id: 1,
    method: "tools/call",
    target: "echo",
    params: {},
    protocolVersion: null,
    text: "{}",
    ...changes,
  };
}
