import type { StoredDocument, TrustBackend } from "../backend/trust-backend.ts";
import type { Deployment } from "../deployment.ts";
import type { TrustDocument } from "../trust-documents.ts";
import { type BrokenDocument, readTrustSet } from "../trust-set.ts";
import { type AccessChanges, findAccessChanges } from "./access-changes.ts";
import { type DocumentChange, findDocumentChanges } from "./document-changes.ts";

/** What applying a directory would do, before anything is done. */
export interface Plan {
  readonly where: string;
  readonly documents: readonly DocumentChange[];
  /** In force and stated by no file; they stay, without --prune. */
  readonly kept: readonly string[];
  /** In force and governing nothing already. */
  readonly broken: readonly BrokenDocument[];
  readonly access: AccessChanges;
}

export interface PlanOptions {
  readonly backend: Pick<TrustBackend, "name">;
  readonly inForce: readonly StoredDocument[];
  readonly stated: readonly TrustDocument[];
  readonly deployment: Deployment;
  readonly prunes: boolean;
  readonly nowSeconds: number;
}

export async function makePlan(options: PlanOptions): Promise<Plan> {
  const { backend, inForce, stated, deployment, prunes, nowSeconds } = options;
  const { changes, kept, after } = findDocumentChanges(inForce, stated, { prunes });
  const [before, then] = [readTrustSet(inForce, deployment.rules), readTrustSet(after, deployment.rules)];
  const access = await findAccessChanges({ before, after: then, nowSeconds });
  return { where: backend.name, documents: changes, kept, broken: before.broken, access };
}
