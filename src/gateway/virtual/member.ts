import { fenceName } from "../../revocation/fence-names.ts";
import type { ForwardedServer, ProtectedResource } from "../../trust/protected-resource.ts";
import type { Revised } from "../../trust/trust-store.ts";
import type { Authorization } from "../bearer.ts";
import { CallRefused } from "../refusal.ts";

export interface MemberDependencies {
  readonly findResource: (identifier: string) => Promise<Revised<ProtectedResource> | null>;
}

/** A server whose tools another one publishes, by its document as it is now. */
export interface Member {
  readonly document: ForwardedServer;
  readonly revision: string;
}

/**
 * One that is in service, of the same owner, and no virtual server itself: what is reached through two names is decided
 * by nobody's document. @throws CallRefused, Outage
 */
export async function findMember(
  identifier: string,
  publisher: ProtectedResource,
  { findResource }: MemberDependencies,
): Promise<Member> {
  const found = await findResource(identifier);
  if (found === null || found.document.upstream === undefined) throw new CallRefused("member_unusable");
  const { document, revision } = found;
  if (!document.enabled || document.owner !== publisher.owner) throw new CallRefused("member_unusable");
  return { document, revision };
}

/**
 * The caller's right to go on to a member, where the scopes of the one that publishes its tools mean nothing, and are
 * told to nobody. What is revoked for the member itself stops them on this road too, and where
 * its own callers need a key, so do these. @throws CallRefused
 */
export function authorizeThrough(authorization: Authorization, { document }: Member): Authorization {
  const { token } = authorization;
  if (document.dpop_required && token.confirmedKey === null) {
    throw new CallRefused("token_binding", { isKeyBindingWanted: true });
  }
  const { resource } = document;
  const names = [
    fenceName("resource", resource),
    fenceName("connection", token.organization, token.clientId, resource),
  ];
  const fenced = { ...token.fenced, names: [...token.fenced.names, ...names] };
  return { ...authorization, token: { ...token, fenced, scope: new Set() } };
}
