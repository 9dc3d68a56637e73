import type { EgressRules } from "../src/egress/url-policy.ts";
import { type DocumentKind, type ParsedDocument, parseTrustDocument } from "../src/trust/documents.ts";
import { membersOf } from "../src/trust/virtual-server.ts";
import type { TrustDocument } from "./trust-documents.ts";

/** What a Crossgate trusts, in the words of the documents. Holds no secret: it is printed. */
export interface TrustSummary {
  readonly idps: readonly {
    readonly issuer: string;
    readonly organizations: readonly string[];
    readonly enabled: boolean;
  }[];
  readonly clients: readonly { readonly client_id: string; readonly name: string; readonly enabled: boolean }[];
  readonly resources: readonly ServerSummary[];
  readonly policies: readonly { readonly organization: string; readonly rules: number }[];
}

interface ServerSummary {
  readonly resource: string;
  /** null for a virtual server. */
  readonly upstream: string | null;
  /** Whose tools a virtual server publishes; empty for any other. */
  readonly members: readonly string[];
  readonly enabled: boolean;
}

export function summarizeTrust(documents: readonly TrustDocument[], rules: EgressRules): TrustSummary {
  const every = <Kind extends DocumentKind>(kind: Kind) => parseEvery(kind, documents, rules);
  return {
    idps: every("idp").map(({ issuer, organization, tenants, enabled }) => {
      const organizations = organization === undefined ? Object.values(tenants ?? {}) : [organization];
      return { issuer, organizations: [...new Set(organizations)], enabled };
    }),
    clients: every("client").map(({ client_id, name, enabled }) => ({ client_id, name, enabled })),
    resources: every("resource").map(({ resource, upstream = null, virtual, enabled }) => {
      return { resource, upstream, members: virtual === undefined ? [] : membersOf(virtual), enabled };
    }),
    policies: every("policy").map(({ organization, rules: list }) => ({ organization, rules: list.length })),
  };
}

function parseEvery<Kind extends DocumentKind>(
  kind: Kind,
  documents: readonly TrustDocument[],
  rules: EgressRules,
): ParsedDocument<Kind>[] {
  const prefix = `${kind}:`;
  return documents
    .filter(({ key }) => key.startsWith(prefix))
    .map(({ key, value }) => parseTrustDocument(kind, { name: key.slice(prefix.length), text: value }, rules));
}
