// oidc-provider publishes no declarations; these cover what the demonstration IdP calls, and nothing else.

declare module "oidc-provider" {
  import type { IncomingMessage, ServerResponse } from "node:http";
  import type { JWK } from "jose";

  /** A registered client as the provider sees it once it has authenticated. */
  export interface AuthenticatedClient {
    readonly clientId: string;
  }

  /** The Koa context of one request to a provider endpoint. */
  export interface ProviderContext {
    body: unknown;
    readonly oidc: {
      readonly client?: AuthenticatedClient;
      /** Form members of the request, limited to those that the grant type declared. */
      readonly params?: Readonly<Record<string, string | undefined>>;
      readonly session?: { readonly accountId?: string };
      readonly provider: Provider;
    };
  }

  export interface Account {
    readonly accountId: string;
    claims(): Readonly<Record<string, unknown>>;
  }

  /** What a user has allowed a client; the provider wants one before it issues anything. */
  export interface Grant {
    addOIDCScope(scope: string): void;
    save(): Promise<string>;
  }

  export interface Interaction {
    readonly uid: string;
    readonly prompt: { readonly name: string };
  }

  export interface InteractionResult {
    login: { accountId: string; amr?: string[]; remember?: boolean };
  }

  /** A class that the provider instantiates once for each kind of thing that it stores. */
  export type StorageAdapter = new (model: string) => object;

  export interface ClientMetadata {
    client_id: string;
    client_secret: string;
    redirect_uris: string[];
    grant_types: string[];
    response_types: string[];
    id_token_signed_response_alg: string;
    require_auth_time: boolean;
  }

  export interface Configuration {
    adapter: StorageAdapter;
    jwks: { keys: JWK[] };
    clients: ClientMetadata[];
    clientAuthMethods: string[];
    responseTypes: string[];
    scopes: string[];
    claims: Record<string, string[]>;
    conformIdTokenClaims: boolean;
    cookies: { keys: string[] };
    discovery: Record<string, unknown>;
    features: Record<string, { enabled: boolean }>;
    interactions: { url(context: ProviderContext, interaction: Interaction): string };
    pkce: { required(): boolean };
    ttl: Record<string, number>;
    expiresWithSession(): boolean;
    findAccount(context: ProviderContext, subject: string): Account | undefined;
    loadExistingGrant(context: ProviderContext): Promise<Grant | undefined>;
  }

  export class Provider {
    constructor(issuer: string, configuration: Configuration);
    readonly issuer: string;
    readonly Grant: new (owner: { clientId: string; accountId: string }) => Grant;
    callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
    registerGrantType(
      name: string,
      handler: (context: ProviderContext) => Promise<void>,
      parameters: readonly string[],
    ): void;
    interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<Interaction>;
    interactionFinished(request: IncomingMessage, response: ServerResponse, result: InteractionResult): Promise<void>;
    on(event: "server_error", listener: (context: ProviderContext, error: Error) => void): this;
  }

  export const errors: {
    CustomOIDCProviderError: new (error: string, description: string) => Error;
  };
}

declare module "oidc-provider/lib/helpers/validate_dpop.js" {
  import type { Provider, ProviderContext } from "oidc-provider";

  export interface DpopProof {
    readonly thumbprint: string;
    readonly jti: string;
    readonly iat: number;
  }

  /** Resolves to nothing when the request has no `DPoP` header; rejects when it has a bad one. */
  export default function validateDpop(provider: Provider, context: ProviderContext): Promise<DpopProof | undefined>;

  export function checkDpopReplay(
    ...request: [provider: Provider, context: ProviderContext, proof: DpopProof | undefined, clientId: string]
  ): Promise<void>;
}

declare module "oidc-provider/lib/adapters/memory_adapter.js" {
  import type { StorageAdapter } from "oidc-provider";

  export function createMemoryAdapter(clockToleranceSeconds: number): StorageAdapter;
}
