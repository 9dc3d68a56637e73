import { Outage } from "../../audit/reason.ts";
import type { AdminDocument } from "../../trust/admin.ts";
import type { Revised } from "../../trust/trust-store.ts";
import type { Admin } from "../admin.ts";
import { AdminRejected } from "../rejection.ts";
import { type RequestSignature, verifySignedRequest } from "./signed-request.ts";

export interface AdminDirectory {
  /** Our issuer identifier: what a signed request must be meant for. */
  readonly issuer: string;
  readonly findAdmin: (name: string) => Promise<Revised<AdminDocument> | null>;
}

export interface Authenticated {
  readonly admin: Admin;
  /** What is left to hold of a signed request: the body's digest, and that it is used once. */
  readonly signature: RequestSignature | null;
}

const AUTHORIZATION = /^Crossgate-Admin ([\w.-]+)$/i;

/** @throws AdminRejected, and Outage where nobody can know */
export async function authenticateAdmin(
  request: Request,
  directory: AdminDirectory,
  nowSeconds: number,
): Promise<Authenticated> {
  const [, token] = AUTHORIZATION.exec(request.headers.get("authorization") ?? "") ?? [];
  if (token === undefined) throw new AdminRejected("admin_credentials_missing");
  const known = { findDocument: (name: string) => findDocument(name, directory), issuer: directory.issuer, nowSeconds };
  const { document, signature } = await verifySignedRequest(token, request, known);
  return { admin: admit(document), signature };
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

function admit({ name, role, enabled }: AdminDocument): Admin {
  if (!enabled) throw new AdminRejected("admin_disabled", { admin: name });
  return { name, role };
}
