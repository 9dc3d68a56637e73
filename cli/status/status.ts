import { AuditIndexMissing } from "../backend/audit-index-missing.ts";
import type { HealthFinding } from "../../src/admin/health-finding.ts";
import type { AuditActivity } from "../backend/audit-reader.ts";
import { parseDocumentKey } from "../backend/document-keys.ts";
import type { SignalStream, StoredDocument, TrustBackend } from "../backend/trust-backend.ts";
import { inert } from "../inert-text.ts";
import type { Deployment } from "../deployment.ts";
import { DOCUMENT_KINDS } from "../trust-documents.ts";
import { type BrokenDocument, readTrustSet } from "../trust-set.ts";

export interface Status {
  readonly where: string;
  readonly documents: Readonly<Record<string, number>>;
  readonly broken: readonly BrokenDocument[];
  /** null where it cannot be asked. */
  readonly signal_streams: readonly SignalStream[] | null;
  /** What somebody should look at; null where that cannot be asked. */
  readonly health: readonly HealthFinding[] | null;
  /** null when there is no audit index to ask. */
  readonly audit: AuditActivity | null;
}

export async function readStatus(
  backend: Pick<TrustBackend, "name" | "readDocuments" | "readSignalStreams" | "readHealth" | "audit">,
  { rules }: Deployment,
  nowMilliseconds: number,
): Promise<Status> {
  const documents = await backend.readDocuments();
  const { broken } = readTrustSet(documents, rules);
  const audit = await readAudit(backend, nowMilliseconds);
  const signal_streams = await backend.readSignalStreams();
  const health = await backend.readHealth();
  return { where: backend.name, documents: countByKind(documents), broken, signal_streams, health, audit };
}

function countByKind(documents: readonly StoredDocument[]): Readonly<Record<string, number>> {
  const kinds = documents.map(({ key }) => parseDocumentKey(key)?.kind);
  return Object.fromEntries(DOCUMENT_KINDS.map((kind) => [kind, kinds.filter((one) => one === kind).length]));
}

async function readAudit(
  { audit }: Pick<TrustBackend, "audit">,
  nowMilliseconds: number,
): Promise<AuditActivity | null> {
  try {
    return await audit.readActivity(nowMilliseconds);
  } catch (error) {
    if (error instanceof AuditIndexMissing) return null;
    throw error;
  }
}

export function describeStatus({ where, documents, broken, signal_streams, health, audit }: Status): string {
  const counts = Object.entries(documents).map(([kind, count]) => `${kind} ${count}`);
  return `${[
    where,
    `  documents    ${counts.join(", ")}`,
    ...broken.map(
      ({ key, path, reason }) =>
        `  broken       ${key}: ${path === "" ? "" : `${path}: `}${reason}; it governs nothing until it is mended`,
    ),
    ...(signal_streams ?? []).map((stream) => `  signals      ${describeStream(stream)}`),
    ...describeAudit(audit),
    ...describeHealth(health),
  ].join("\n")}\n`;
}

/** What a provider wrote is shown as text that no terminal obeys. */
function describeStream(stream: SignalStream): string {
  const { issuer, verified_at, verification_state: state, status, status_reason: reason, polled_at } = stream;
  const facts = [
    verified_at === null ? "never verified" : `verified ${verified_at}${state === null ? "" : ` (${state})`}`,
    status === null ? null : `${status}${reason === null ? "" : ` (${reason})`}`,
    polled_at === null ? null : `polled ${polled_at}${stream.poll_failure === null ? "" : `: ${stream.poll_failure}`}`,
  ];
  return inert(`${issuer}: ${facts.filter((fact) => fact !== null).join(", ")}`);
}

/** A document's own problem may quote what somebody wrote in it. */
function describeHealth(health: Status["health"]): readonly string[] {
  if (health === null) return ["  health       unknown here: ask a running Crossgate (--url)"];
  if (health.length === 0) return ["  health       nothing to look at"];
  return health.map(({ severity, says, fix }) => inert(`  ${severity.padEnd(11)}  ${says} ${fix}`));
}

function describeAudit(audit: AuditActivity | null): readonly string[] {
  if (audit === null) return ["  audit        no index yet"];
  const counts = Object.entries(audit.last_hour).map(([decision, count]) => `${decision} ${count}`);
  return [
    `  last event   ${audit.last_event ?? "none"}`,
    `  last hour    ${counts.length === 0 ? "nothing" : counts.join(", ")}`,
  ];
}
