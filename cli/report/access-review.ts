import { LIMITS } from "../../src/limits.ts";
import type { FoundEvent } from "../audit/print-events.ts";
import type { AuditReader } from "../backend/audit-reader.ts";
import { everyConnection, type ListedConnection } from "../inventory/every-connection.ts";

/** Who had access to what in a period, by whose decision, and what was changed in it. */
export interface AccessReview {
  readonly where: string;
  readonly organization: string | null;
  readonly from_day: string;
  readonly to_day: string;
  readonly made_at: string;
  readonly connections: readonly ListedConnection[];
  /** Edits of trust and policy, revocations and key rotations, oldest first. */
  readonly changes: readonly FoundEvent[];
  /** false where there were more changes than a report lists. */
  readonly changes_complete: boolean;
}

export interface ReviewRequest {
  /** For people: what was asked. */
  readonly name: string;
  readonly organization: string | undefined;
  readonly fromDay: string;
  readonly toDay: string;
  readonly withPeople: boolean;
  readonly where: string;
  readonly nowMilliseconds: number;
}

export async function makeReview(audit: AuditReader, request: ReviewRequest): Promise<AccessReview> {
  const { name, organization, fromDay, toDay, nowMilliseconds } = request;
  const connections: ListedConnection[] = [];
  for await (const connection of everyConnection(audit, { ...request, after: null })) connections.push(connection);
  const changes = await readChanges(audit, request);
  const isComplete = changes.every((found) => found.length < MOST_CHANGES);
  const events = changes.flat().filter((event) => isAbout(event, organization));
  return {
    where: name,
    organization: organization ?? null,
    from_day: fromDay,
    to_day: toDay,
    made_at: new Date(nowMilliseconds).toISOString(),
    connections,
    changes: events.toSorted((a, b) => (String(a["time"]) < String(b["time"]) ? -1 : 1)),
    changes_complete: isComplete,
  };
}

const CHANGES = [
  ...["created", "changed", "removed", "approved", "denied", "exported"].map((action) => ({
    type: "admin_action",
    action,
  })),
  { type: "configuration", action: null },
  { type: "revocation", action: null },
  { type: "key_rotation", action: null },
] as const;
const MOST_CHANGES = 50 * LIMITS.recordsPerPage;

/** One search for each kind of change, in which reading, the most of what administrators do, does not appear. */
function readChanges(audit: AuditReader, { fromDay, toDay }: ReviewRequest): Promise<FoundEvent[][]> {
  return Promise.all(
    CHANGES.map(async ({ type, action }) => {
      const found = await audit.search({
        members: { type },
        text: action,
        fromMilliseconds: Date.parse(fromDay),
        toMilliseconds: Date.parse(toDay),
        before: null,
        limit: MOST_CHANGES,
      });
      const events = found.map(({ event }) => JSON.parse(event) as FoundEvent);
      return action === null ? events : events.filter((event) => event["action"] === action);
    }),
  );
}

/** What is everybody's, such as an identity provider's document, is in each organization's review. */
function isAbout(event: FoundEvent, organization: string | undefined): boolean {
  if (organization === undefined) return true;
  const key = typeof event["document_key"] === "string" ? event["document_key"] : "";
  if (key.startsWith("policy:")) return key === `policy:${organization}`;
  return event["organization"] === undefined || event["organization"] === organization;
}
