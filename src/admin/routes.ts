import * as z from "zod";
import { describeApi } from "./openapi.ts";
import { endAccountConnection, listAccountConnections } from "./routes/account-connections.ts";
import { listAccounts, readAccount, removeAccount, unbindSubject, writeAccounts } from "./routes/accounts.ts";
import { decideApproval, listApprovals, readApproval } from "./routes/approvals.ts";
import { listDocuments, readDocument, removeDocument, writeDocument } from "./routes/documents.ts";
import { findAuditEvents } from "./routes/audit-events.ts";
import { listConnectionPeople, listConnections } from "./routes/inventory.ts";
import { searchAuditRecords } from "./routes/search-records.ts";
import { readArchivePage } from "./routes/archive.ts";
import { explainDecision } from "./routes/explain.ts";
import { readHealth } from "./routes/health.ts";
import { deleteSecret, listSecrets, readVault, rotateVault, setSecret } from "./routes/vault.ts";
import { readStatus } from "./routes/status.ts";
import { giveRevocation, listRevocations, previewRevocation, readRevocation } from "./routes/revocations.ts";
import { type AdminRoute, defineRoute, NO_BODY, NO_PARAMETERS } from "./route.ts";

const describe: AdminRoute = defineRoute({
  id: "describe_api",
  method: "GET",
  path: "/admin/v1/openapi.json",
  role: "viewer",
  summary: "This description",
  parameters: NO_PARAMETERS,
  body: NO_BODY,
  response: z.looseObject({ openapi: z.literal("3.1.0") }),
  handle: async () => ({ answer: { status: 200, body: describeApi(ADMIN_ROUTES) as { openapi: "3.1.0" } } }),
});

/** Every operation there is. Routing, authorization and the API's description are read from here and nowhere else. */
export const ADMIN_ROUTES: readonly AdminRoute[] = [
  describe,
  readStatus,
  readHealth,
  listDocuments,
  readDocument,
  writeDocument,
  removeDocument,
  explainDecision,
  findAuditEvents,
  searchAuditRecords,
  readArchivePage,
  listConnections,
  listConnectionPeople,
  previewRevocation,
  giveRevocation,
  readRevocation,
  listRevocations,
  listApprovals,
  readApproval,
  decideApproval,
  listAccounts,
  readAccount,
  writeAccounts,
  removeAccount,
  unbindSubject,
  readVault,
  rotateVault,
  listSecrets,
  setSecret,
  deleteSecret,
  listAccountConnections,
  endAccountConnection,
];
