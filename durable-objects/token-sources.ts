import type { Egress } from "../src/egress/exchange.ts";
import { clientCredentialsGrant, jwtBearerGrant, TOKEN_TYPE } from "../src/oauth-client/grants.ts";
import {
  exchangeForAccessToken,
  exchangeForIdJag,
  type ExchangeParty,
  type SubjectToken,
} from "../src/oauth-client/token-exchange.ts";
import { requestToken } from "../src/oauth-client/token-request.ts";
import type { IssuedToken } from "../src/oauth-client/token-response.ts";
import { bindingOf } from "../src/trust/grant-binding.ts";
import type { CredentialOfType } from "../src/trust/upstream-credential.ts";
import type { KeptGrant, Registration } from "../src/vault/kept-grant.ts";
import { type AcquiredToken, type AcquiredType, inOurWords, refused, type TokenAsked } from "./acquisition.ts";
import type { CurrentGrant, KeptGrants } from "./kept-grants.ts";
import type { KnownServers } from "./known-servers.ts";
import type { OwnClients } from "./own-clients.ts";

interface Parts {
  readonly grants: KeptGrants;
  readonly clients: OwnClients;
  readonly servers: KnownServers;
  readonly egress: Egress;
}

type Source<Type extends AcquiredType> = (
  asked: TokenAsked,
  credential: CredentialOfType<Type>,
) => Promise<AcquiredToken>;

/** From where a token of each type comes. Each call asks anew. @throws AcquisitionEnded */
export class TokenSources {
  readonly #parts: Parts;
  readonly #sources: { readonly [Type in AcquiredType]: Source<Type> } = {
    client_credentials: (asked, credential) => this.#byClientCredentials(asked, credential),
    token_exchange: (asked, credential) => this.#byTokenExchange(asked, credential),
    xaa: (asked, credential) => this.#byIdJag(asked, credential),
    authorization_code: (asked, credential) => this.#byGrant(asked, credential),
  };

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  acquire(asked: TokenAsked): Promise<AcquiredToken> {
    // The type chooses the source, and so is the source's own; TypeScript does not follow that far.
    const source = this.#sources[asked.credential.type] as Source<AcquiredType>;
    return inOurWords(source(asked, asked.credential as never));
  }

  /** RFC 6749 §4.4. */
  async #byClientCredentials(
    asked: TokenAsked,
    credential: CredentialOfType<"client_credentials">,
  ): Promise<AcquiredToken> {
    const party = await this.#partyFor(asked, credential);
    const grant = clientCredentialsGrant({ scope: credential.scope, resource: asked.upstream });
    return issuedNow(await requestToken({ ...party, grant, expectedType: "bearer" }, this.#parts.egress));
  }

  /** RFC 8693 at the upstream's own authorization server. */
  async #byTokenExchange(asked: TokenAsked, credential: CredentialOfType<"token_exchange">): Promise<AcquiredToken> {
    const { audience, resource, scope } = credential;
    const party = await this.#partyFor(asked, credential);
    const { subject, kid } = await this.#subjectOf(asked, credential, party.server.issuer);
    const wanted = {
      subject,
      audience,
      resource: resource ?? (audience === undefined ? asked.upstream : undefined),
      scope,
    };
    return { ...issuedNow(await exchangeForAccessToken(party, wanted, this.#parts.egress)), kid };
  }

  async #subjectOf(
    asked: TokenAsked,
    { subject_token: kind }: CredentialOfType<"token_exchange">,
    receiver: string,
  ): Promise<{ readonly subject: SubjectToken; readonly kid: string | null }> {
    if (kind === "identity") {
      if (asked.identity === null) throw refused("credential_unusable");
      return { subject: { token: asked.identity.token, type: TOKEN_TYPE.jwt }, kid: null };
    }
    const { grant, kid } = await this.#identityAt(asked.issuer, asked);
    // A refresh token is for who gave it, and never shown to anybody else (RFC 6749 §10.4).
    if (grant.token === null && receiver !== asked.issuer) throw refused("connection_lost");
    return { subject: subjectTokenOf(grant), kid };
  }

  /** ID-JAG §4: a grant from the person's provider, redeemed at the upstream's authorization server, and never kept. */
  async #byIdJag(asked: TokenAsked, credential: CredentialOfType<"xaa">): Promise<AcquiredToken> {
    const { idp, idp_client: idpClient, client, scope, audience, resource = asked.upstream } = credential;
    // Another provider has nothing to say of this person, whatever account both have led to.
    if (idp !== asked.issuer) throw refused("connection_required");
    const { grant, kid } = await this.#identityAt(idp, asked);
    // An ID token is for the client that it was made for (§4.3.3), and a refresh token bound to it: the sign-in that
    // this document asks for today is another one.
    if (grant.client.client_id !== idpClient.client_id) throw refused("connection_required");
    const party = await this.#partyFor(asked, { ...client, authorization_server: credential.authorization_server });
    const idpParty = { ...(await this.#partyAt(idp, idp, idpClient)), nowSeconds: party.nowSeconds };
    const wanted = {
      subject: subjectTokenOf(grant),
      audience: party.server.issuer,
      audienceAlias: audience,
      clientId: client.client_id,
      resource,
      scope,
    };
    const idJag = await exchangeForIdJag(idpParty, wanted, this.#parts.egress);
    const redeemed = { ...party, grant: jwtBearerGrant(idJag.token, {}), expectedType: "bearer" } as const;
    return { ...issuedNow(await requestToken(redeemed, this.#parts.egress)), kid };
  }

  /** What the person has granted at /connect. */
  async #byGrant(
    { owner, resource, upstream, isRefused }: TokenAsked,
    credential: CredentialOfType<"authorization_code">,
  ): Promise<AcquiredToken> {
    const name = { owner, kind: "grant", id: resource } as const;
    const binding = await bindingOf(upstream, credential);
    const { grant, kid } = await this.#parts.grants.current(name, { binding, isRefused });
    if (grant.token === null) throw refused("connection_required");
    const { token, token_issued_at: issuedAtMilliseconds, token_expires_at: expiresAtMilliseconds } = grant;
    return { token, issuedAtMilliseconds, expiresAtMilliseconds, kid };
  }

  #identityAt(issuer: string, { owner }: TokenAsked): Promise<CurrentGrant> {
    return this.#parts.grants.current({ owner, kind: "identity", id: issuer }, { binding: null, isRefused: false });
  }

  async #partyFor(asked: TokenAsked, registered: RegisteredAt): Promise<ExchangeParty> {
    const server = await this.#parts.servers.findFor(asked.upstream, registered.authorization_server);
    return this.#partyAt(server.issuer, asked.resource, registered);
  }

  /** @param whom the MCP server or identity provider that our secret must be meant for */
  async #partyAt(issuer: string, whom: string, registered: RegisteredAt): Promise<ExchangeParty> {
    const { client_id, method, secret } = registered;
    const server = await this.#parts.servers.find(issuer);
    const client = await this.#parts.clients.prove({ client_id, method, secret: secret ?? null }, whom);
    return { server, client, nowSeconds: Math.floor(Date.now() / 1000) };
  }
}

interface RegisteredAt extends Pick<Registration, "client_id" | "method"> {
  readonly secret?: string | null | undefined;
  readonly authorization_server?: string | undefined;
}

/** The ID token while there is one: not every provider takes its refresh tokens for it (ID-JAG §4.3). */
function subjectTokenOf(grant: KeptGrant): SubjectToken {
  if (grant.token !== null) return { token: grant.token, type: TOKEN_TYPE.idToken };
  if (grant.refresh_token === null) throw refused("connection_lost");
  return { token: grant.refresh_token, type: TOKEN_TYPE.refreshToken };
}

function issuedNow({ token, lifetimeSeconds }: IssuedToken): AcquiredToken {
  const now = Date.now();
  return { token, issuedAtMilliseconds: now, expiresAtMilliseconds: now + lifetimeSeconds * 1000, kid: null };
}
