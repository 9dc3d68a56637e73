import { CredentialRefused } from "./credential-refused.ts";

/** A type that documents may name and this version cannot supply: nothing is sent without it. */
export function notSupplied(): Promise<never> {
  return Promise.reject(new CredentialRefused("credential_type_unsupported"));
}
