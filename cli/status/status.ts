import { AuditIndexMissing } from "../backend/audit-index-missing.ts";
import { parseDocumentKey } from "../backend/document-keys.ts";
import type { Row, StoredDocument, TrustBackend } from "../backend/trust-backend.ts";
import type { Deployment } from "../deployment.ts";
import { DOCUMENT_KINDS } from "../trust-documents.ts";
import { type BrokenDocument, readTrustSet } from "../trust-set.ts";

export interface Status {
  readonly where: string;
  readonly documents: Readonly<Record<string, number>>;
  readonly broken: readonly BrokenDocument[];
  /** null when there is no audit index to ask. */
  readonly audit: AuditStatus | null;
}

export interface AuditStatus {
  /** When the newest event happened that has arrived in the index. */
  readonly last_event: string | null;
  /** Counts of the last hour, by decision. */
  readonly last_hour: Readonly<Record<string, number>>;
}

const HOUR_MILLISECONDS = 3_600_000;

export async function readStatus(
  backend: Pick<TrustBackend, "name" | "readDocuments" | "query">,
  { rules }: Deployment,
  nowMilliseconds: number,
): Promise<Status> {
  const documents = await backend.readDocuments();
  const { broken } = readTrustSet(documents, rules);
  const audit = await readAudit(backend, nowMilliseconds);
  return { where: backend.name, documents: countByKind(documents), broken, audit };
}

function countByKind(documents: readonly StoredDocument[]): Readonly<Record<string, number>> {
  const kinds = documents.map(({ key }) => parseDocumentKey(key)?.kind);
  return Object.fromEntries(DOCUMENT_KINDS.map((kind) => [kind, kinds.filter((one) => one === kind).length]));
}

async function readAudit(backend: Pick<TrustBackend, "query">, nowMilliseconds: number): Promise<AuditStatus | null> {
  const since = new Date(nowMilliseconds - HOUR_MILLISECONDS).toISOString();
  try {
    const [newest] = await backend.query("SELECT max(time) AS time FROM audit_event");
    const counted = await backend.query(
      `SELECT decision, count(*) AS events FROM audit_event WHERE time >= '${since}' GROUP BY decision ORDER BY decision`,
    );
    return { last_event: textOrNull(newest?.["time"]), last_hour: Object.fromEntries(counted.map(countOf)) };
  } catch (error) {
    if (error instanceof AuditIndexMissing) return null;
    throw error;
  }
}

function countOf({ decision, events }: Row): [string, number] {
  return [String(decision), Number(events)];
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

export function describeStatus({ where, documents, broken, audit }: Status): string {
  const counts = Object.entries(documents).map(([kind, count]) => `${kind} ${count}`);
  return `${[
    where,
    `  documents    ${counts.join(", ")}`,
    ...broken.map(
      ({ key, path, reason }) =>
        `  broken       ${key}: ${path === "" ? "" : `${path}: `}${reason}; it governs nothing until it is mended`,
    ),
    ...describeAudit(audit),
  ].join("\n")}\n`;
}

function describeAudit(audit: AuditStatus | null): readonly string[] {
  if (audit === null) return ["  audit        no index yet"];
  const counts = Object.entries(audit.last_hour).map(([decision, count]) => `${decision} ${count}`);
  return [
    `  last event   ${audit.last_event ?? "none"}`,
    `  last hour    ${counts.length === 0 ? "nothing" : counts.join(", ")}`,
  ];
}
