import { log } from "../src/audit/operator-log.ts";
import { LIMITS } from "../src/limits.ts";
import { ArchiveGap, crossGap } from "../src/sinks/archive-gap.ts";
import type { Archive, Cursor, ReadBatches } from "../src/sinks/archive-reader.ts";
import type { ArchivedRecord } from "../src/sinks/archived-record.ts";
import { wants } from "../src/sinks/message.ts";
import { type Feeding, sendBatch, sendTotals } from "../src/sinks/send-batch.ts";
import { splitBatch } from "../src/sinks/split-batch.ts";
import { addRecords, readTotals } from "../src/sinks/totals.ts";
import type { SinkTables } from "./sink-tables.ts";

interface Parts {
  readonly archive: Archive;
  readonly storage: Pick<DurableObjectStorage, "transactionSync">;
  readonly tables: SinkTables;
}

/** What is done with what was read, and how a sink's place moves: never before its receiver has taken what came before. */
export class SinkDelivery {
  readonly #archive: Archive;
  readonly #storage: Parts["storage"];
  readonly #tables: SinkTables;

  constructor({ archive, storage, tables }: Parts) {
    this.#archive = archive;
    this.#storage = storage;
    this.#tables = tables;
  }

  deliver(feeding: Feeding, from: Cursor, { records, cursor }: ReadBatches): Promise<void> {
    const wanted = records.filter((record) => wants(feeding.sink, record));
    const moving = { from, to: cursor, wanted };
    return feeding.sink.type === "otlp_metrics" ? this.#count(feeding, moving) : this.#send(feeding, moving);
  }

  /**
   * Past what a rule of the bucket or a person has taken out of the archive, which a sink that had begun waits for an hour
   * to be put back. @throws ArchiveGap meanwhile
   */
  async crossGap(from: Cursor, head: Cursor): Promise<Cursor> {
    const gap = this.#tables.findGap(from.chain) ?? { sinceMilliseconds: Date.now(), bridge: null };
    const crossed = await crossGap(this.#archive, { from, head, bridge: gap.bridge });
    if ("bridge" in crossed) {
      this.#tables.writeGap(from.chain, { ...gap, bridge: crossed.bridge });
      return from;
    }
    if (from.through > 0 && Date.now() - gap.sinceMilliseconds < LIMITS.sinkGapMilliseconds) {
      this.#tables.writeGap(from.chain, gap);
      throw new ArchiveGap();
    }
    const missed = crossed.landed.through - from.through;
    log({ event: "sink_missed", sink: this.#tables.readText("name"), chain: from.chain, records: String(missed) });
    this.#storage.transactionSync(() => {
      this.#tables.add("missed", missed);
      this.#moveOn(crossed.landed, []);
    });
    return crossed.landed;
  }

  async #send(feeding: Feeding, { from, to, wanted }: Moving): Promise<void> {
    for (const part of splitBatch(wanted, feeding.sink.format)) {
      // oxlint-disable-next-line no-await-in-loop -- in order, and not the rest where one is not taken
      const rejected = await sendPart(feeding, from, part);
      this.#noteDelivered(part.length, rejected);
    }
    this.#moveOn(to, wanted);
  }

  /** What was counted moves on together with the sink's place, or what is sent again would be counted again. */
  async #count(feeding: Feeding, { to, wanted }: Moving): Promise<void> {
    if (wanted.length === 0) return this.#moveOn(to, wanted);
    const now = Date.now();
    const totals = addRecords(readTotals(this.#tables.readText("totals"), now), wanted);
    const rejected = await sendTotals(feeding, totals, now);
    this.#storage.transactionSync(() => {
      this.#tables.write("totals", JSON.stringify(totals));
      this.#noteDelivered(wanted.length, rejected);
      this.#moveOn(to, wanted);
    });
  }

  #noteDelivered(records: number, rejected: number): void {
    this.#tables.add("delivered", records);
    this.#tables.write("delivered_at", Date.now());
    this.#tables.add("rejected", rejected);
  }

  #moveOn(to: Cursor, sent: readonly ArchivedRecord[]): void {
    const unread = sent.filter(({ event }) => event === null).length;
    if (unread > 0) log({ event: "sink_unread", sink: this.#tables.readText("name"), records: String(unread) });
    this.#tables.add("unread", unread);
    this.#tables.closeGap(to.chain);
    this.#tables.writeCursor(to);
  }
}

interface Moving {
  readonly from: Cursor;
  readonly to: Cursor;
  readonly wanted: readonly ArchivedRecord[];
}

async function sendPart(feeding: Feeding, from: Cursor, records: readonly ArchivedRecord[]): Promise<number> {
  return sendBatch(feeding, { id: await batchId(from, records), records, sentAtMilliseconds: Date.now() });
}

/** Names these records, whenever they are sent. */
async function batchId({ chain }: Cursor, records: readonly ArchivedRecord[]): Promise<string> {
  const text = JSON.stringify([chain, ...records.map(({ id }) => id)]);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `msg_${new Uint8Array(digest).toHex().slice(0, 32)}`;
}
