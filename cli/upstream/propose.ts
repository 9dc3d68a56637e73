import type { AuthorizationServer } from "../../src/oauth-client/discovery.ts";
import type { Wants } from "./look.ts";

/** What only the administrator knows. */
export interface Known {
  readonly clientId?: string | undefined;
  readonly idp?: string | undefined;
  readonly idpClientId?: string | undefined;
  /** Of the names in the vault. */
  readonly stem: string;
}

export interface Proposal {
  readonly says: string;
  readonly credential: Readonly<Record<string, unknown>>;
  /** Names in the vault that have to be set. */
  readonly secrets: readonly string[];
  /** What is left to do elsewhere. */
  readonly notes: readonly string[];
}

/** Why nothing can be proposed yet, and the option that would mend it. */
export interface Lacking {
  readonly lacks: string;
}

const SIGN_IN = "People connect at /connect: give the idp: document of their provider a sign_in.";

/** The least that the server needs to be told: Cross App Access where it speaks it, else each person's own grant. */
export function propose(wants: Wants, known: Known): Proposal | Lacking {
  if (wants.kind === "oauth") {
    return known.idp === undefined ? proposeGrant(wants.server, known) : proposeXaa(wants.server, known);
  }
  if (wants.kind === "secret") {
    return {
      says: `wants a credential and does not say where to get one (${wants.status}, ${wants.flaw})`,
      credential: { type: "secret", secret: known.stem },
      secrets: [known.stem],
      notes: ["Ask its owner for a key or token; header and format say how it is presented."],
    };
  }
  return {
    says: "asks for no credential",
    credential: { type: "none" },
    secrets: [],
    notes: ["Nobody but Crossgate should be able to reach it."],
  };
}

function proposeXaa({ issuer, redeemsIdJags }: AuthorizationServer, known: Known): Proposal | Lacking {
  if (!redeemsIdJags) return { lacks: `${issuer} does not say that it redeems ID-JAGs: leave --idp out` };
  const { idp, idpClientId, clientId, stem } = known;
  if (idpClientId === undefined) return { lacks: "--idp-client-id, Crossgate's client at the identity provider" };
  if (clientId === undefined) return { lacks: `--client-id, Crossgate's client at ${issuer}` };
  const [ours, theirs] = [`${stem}-idp`, stem];
  const method = "client_secret_basic";
  return {
    says: `redeems ID-JAGs (Cross App Access), at ${issuer}`,
    credential: {
      type: "xaa",
      idp,
      idp_client: { client_id: idpClientId, method, secret: ours },
      authorization_server: issuer,
      client: { client_id: clientId, method, secret: theirs },
    },
    secrets: [ours, theirs],
    notes: [`The client of sign_in in the idp: document must be ${idpClientId}, too.`, SIGN_IN],
  };
}

function proposeGrant(server: AuthorizationServer, { clientId, stem }: Known): Proposal | Lacking {
  const { issuer, authorizationEndpoint, hasS256, acceptsMetadataDocuments, clientAuthenticationMethods } = server;
  if (authorizationEndpoint === null) return { lacks: `${issuer} signs nobody in: write the document by hand` };
  if (!hasS256) return { lacks: `${issuer} does not offer PKCE with S256, without which nobody connects` };
  const says = `OAuth, each person by themselves, at ${issuer}${server.redeemsIdJags ? "; Cross App Access, too: see --idp" : ""}`;
  const shared = { type: "authorization_code", authorization_server: issuer };
  const isKnown = acceptsMetadataDocuments && clientAuthenticationMethods.includes("private_key_jwt");
  if (clientId === undefined && isKnown) {
    const credential = { ...shared, client: { kind: "metadata_document" } };
    return { says, credential, secrets: [], notes: ["It reads who we are at /.well-known/crossgate-client.", SIGN_IN] };
  }
  if (clientId === undefined) {
    return { lacks: `--client-id: register Crossgate at ${issuer}, with the redirect URI below` };
  }
  const method = ["client_secret_basic", "client_secret_post"].find((one) => clientAuthenticationMethods.includes(one));
  const client = { kind: "registered", client_id: clientId, ...(method === undefined ? {} : { method, secret: stem }) };
  return { says, credential: { ...shared, client }, secrets: method === undefined ? [] : [stem], notes: [SIGN_IN] };
}
