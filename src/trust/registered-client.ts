import type { Client } from "./client.ts";
import { isClientPattern, patternsFor } from "../egress/client-identifier.ts";
import type { Revised } from "./trust-store.ts";

type FindRecord = (name: string) => Promise<Revised<Client> | null>;

/**
 * The record that governs a client: its own, or the longest pattern that covers the URL of its metadata document. The
 * client keeps its URL as its name; all else is the record's, so a document elsewhere never widens what it may have.
 * @throws Outage when the record that would govern it cannot be read: a broader one must not stand in for it
 */
export async function findRegisteredClient(clientId: string, findRecord: FindRecord): Promise<Revised<Client> | null> {
  if (isClientPattern(clientId)) return null;
  const own = await findRecord(clientId);
  if (own !== null) return own;
  const found = await Promise.allSettled(patternsFor(clientId).map((pattern) => findRecord(pattern)));
  for (const result of found) {
    if (result.status === "rejected") throw result.reason;
    if (result.value !== null) return { ...result.value, document: { ...result.value.document, client_id: clientId } };
  }
  return null;
}
