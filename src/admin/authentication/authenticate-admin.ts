import { Outage } from "../../audit/reason.ts";
import type { AdminDocument } from "../../trust/admin.ts";
import type { Revised } from "../../trust/trust-store.ts";
import type { Admin } from "../admin.ts";
import { AdminRejected } from "../rejection.ts";
import { type Access, verifyAccessAssertion } from "./access-assertion.ts";
import { type RequestSignature, verifySignedRequest } from "./signed-request.ts";

export interface AdminDirectory {
  /** Our issuer identifier: what a signed request must be meant for. */
  readonly issuer: string;
  /** null where no Access stands in front of us. */
  readonly access: Access | null;
  readonly findAdmin: (name: string) => Promise<Revised<AdminDocument> | null>;
}

export interface Authenticated {
  readonly admin: Admin;
  /** What is left to hold of a signed request: the body's digest, and that it is used once. */
  readonly signature: RequestSignature | null;
}

const AUTHORIZATION = /^Crossgate-Admin ([\w.-]+)$/i;

/**
 * By a signed request, or by Cloudflare Access. Who sends both, a program behind Access, is who signed.
 * @throws AdminRejected, and Outage where nobody can know
 */
export async function authenticateAdmin(
  request: Request,
  directory: AdminDirectory,
  nowSeconds: number,
): Promise<Authenticated> {
  const [, token] = AUTHORIZATION.exec(request.headers.get("authorization") ?? "") ?? [];
  if (token === undefined)
    return { admin: await authenticateByAccess(request, directory, nowSeconds), signature: null };
  const known = { findDocument: (name: string) => findDocument(name, directory), issuer: directory.issuer, nowSeconds };
  const { document, signature } = await verifySignedRequest(token, request, known);
  return { admin: admit(document), signature };
}

async function authenticateByAccess(request: Request, directory: AdminDirectory, nowSeconds: number): Promise<Admin> {
  const { access } = directory;
  const assertion = request.headers.get("cf-access-jwt-assertion");
  if (access === null || assertion === null) throw new AdminRejected("admin_credentials_missing");
  const { name, kind } = await verifyAccessAssertion(assertion, access, nowSeconds);
  const document = await findDocument(name, directory);
  // The name of a key is not an address, whoever gets himself such an address.
  if (document.authentication.kind !== kind) throw new AdminRejected("admin_unknown");
  return admit(document);
}

/** A document that does not parse makes nobody an administrator, and to a stranger it is not there. */
async function findDocument(name: string, { findAdmin }: AdminDirectory): Promise<AdminDocument> {
  try {
    const found = await findAdmin(name);
    if (found !== null) return found.document;
  } catch (error) {
    if (!(error instanceof Outage) || error.reason !== "trust_document_invalid") throw error;
  }
  throw new AdminRejected("admin_unknown");
}

function admit({ name, role, groups, subjects, enabled }: AdminDocument): Admin {
  if (!enabled) throw new AdminRejected("admin_disabled", { admin: name });
  return { name, role, groups, subjects };
}
