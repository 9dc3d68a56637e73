import type { Scope } from "./scope.ts";

/** What policy decides on. Verified facts only; nothing comes from an assertion whose signature has not been checked. */
export interface PolicyRequest {
  readonly issuer: string;
  readonly idpTenant: string | null;
  readonly clientId: string;
  readonly resource: string;
  readonly subject: string;
  readonly groups: ReadonlySet<string>;
  readonly emailDomain: string | null;
  /** `sub` of the acting party (RFC 8693 §4.1). It can only ever narrow: a rule that selects on it must name it. */
  readonly actor: string | null;
  readonly acr: string | null;
  readonly amr: ReadonlySet<string>;
  readonly authTimeSeconds: number | null;
  readonly nowSeconds: number;
  readonly isKeyBound: boolean;
  readonly scope: Scope;
  /** Of what is asked for, each once. */
  readonly authorizationDetailsTypes: ReadonlySet<string>;
}
