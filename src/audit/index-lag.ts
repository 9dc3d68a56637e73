import type { IndexStore } from "./audit-index.ts";

/** What is settled for good, and since then batch by batch, beside what the archive has by its ledger's word. */
const LAG = `
  SELECT sum(max(0, (value ->> 1) - coalesce(r.through_sequence, 0) - coalesce((
    SELECT sum(events) FROM audit_batch b
    WHERE b.shard = value ->> 0 AND b.last_sequence > coalesce(r.through_sequence, 0) AND b.last_sequence <= value ->> 1
  ), 0))) AS behind
  FROM json_each(?1) LEFT JOIN audit_reconciled r ON r.shard = value ->> 0`;

export interface ArchivedThrough {
  readonly chain: string;
  readonly archived: number;
}

/** How many records the archive has and the index was never given. The hourly comparison makes good what it finds. */
export async function readIndexLag(
  index: Pick<IndexStore, "prepare">,
  chains: readonly ArchivedThrough[],
): Promise<number> {
  const asked = JSON.stringify(chains.map(({ chain, archived }) => [chain, archived]));
  return (await index.prepare(LAG).bind(asked).first<number | null>("behind")) ?? 0;
}
