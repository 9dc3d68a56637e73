import { LIMITS } from "../../limits.ts";
import { Rejected } from "../../redemption/rejection.ts";
import type { ClientAuthenticationMethod } from "../../trust/client.ts";
import { decodeFormComponent, type Form } from "../form.ts";

/** What the request offers as proof of who the client is: exactly one thing (RFC 6749 §2.3). */
export type Credentials =
  | {
      readonly method: "client_secret_basic" | "client_secret_post";
      readonly clientId: string;
      readonly secret: string;
    }
  | { readonly method: "private_key_jwt"; readonly clientId: string | null; readonly assertion: string };

const CLIENT_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** @throws Rejected */
export function readCredentials(authorization: string | null, form: Form): Credentials {
  const offered = offeredMethods(authorization, form);
  const [method, ...others] = offered;
  if (method === undefined) throw new Rejected("client_credentials_missing");
  if (others.length > 0) throw new Rejected("client_credentials_several");
  if (method === "client_secret_basic") return readBasic(authorization ?? "", form);
  return method === "client_secret_post" ? readPost(form) : readAssertion(form);
}

function offeredMethods(authorization: string | null, form: Form): readonly ClientAuthenticationMethod[] {
  const offered: ClientAuthenticationMethod[] = [];
  if (authorization !== null) offered.push("client_secret_basic");
  if (form.has("client_secret")) offered.push("client_secret_post");
  if (form.has("client_assertion") || form.has("client_assertion_type")) offered.push("private_key_jwt");
  return offered;
}

/** RFC 6749 §2.3.1: both parts are form-encoded before they are joined and base64-encoded. */
function readBasic(authorization: string, form: Form): Credentials {
  const [, encoded] = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization) ?? [];
  const joined = encoded === undefined ? null : decodeBase64(encoded);
  const at = joined?.indexOf(":") ?? -1;
  if (joined === null || at < 1) throw new Rejected("client_credentials_malformed");
  const clientId = decodeFormComponent(joined.slice(0, at));
  const secret = decodeFormComponent(joined.slice(at + 1));
  if (clientId === null || secret === null || secret === "") throw new Rejected("client_credentials_malformed");
  if ((form.get("client_id") ?? clientId) !== clientId) throw new Rejected("client_credentials_malformed");
  return { method: "client_secret_basic", clientId: bounded(clientId), secret };
}

function readPost(form: Form): Credentials {
  const clientId = form.get("client_id");
  if (clientId === undefined) throw new Rejected("client_credentials_malformed");
  return { method: "client_secret_post", clientId: bounded(clientId), secret: form.get("client_secret") ?? "" };
}

/** RFC 7521 §4.2: `client_id` is optional beside an assertion and must agree with it. */
function readAssertion(form: Form): Credentials {
  const assertion = form.get("client_assertion");
  if (assertion === undefined || form.get("client_assertion_type") !== CLIENT_ASSERTION_TYPE) {
    throw new Rejected("client_credentials_malformed");
  }
  return { method: "private_key_jwt", clientId: form.get("client_id") ?? null, assertion };
}

function bounded(clientId: string): string {
  if (clientId.length > LIMITS.identifierBytes) throw new Rejected("client_unknown");
  return clientId;
}

function decodeBase64(text: string): string | null {
  try {
    return atob(text);
  } catch {
    return null;
  }
}
