import type { Sink } from "../trust/sink.ts";
import { timeOf } from "./archived-record.ts";
import { type SinkBatch, type SinkMessage, spellRecord } from "./message.ts";

/** Splunk's HTTP Event Collector: JSON objects one after the other, each an event with its own time. */
export function splunkMessage(sink: Sink, batch: SinkBatch, secret: string): SinkMessage {
  const sourcetype = sink.format === "ocsf" ? "crossgate:ocsf" : "crossgate:audit";
  const events = batch.records.map((record) => ({
    time: (timeOf(record) ?? batch.sentAtMilliseconds) / 1000,
    source: "crossgate",
    sourcetype,
    event: spellRecord(record, sink.format),
    // Indexed, so that a record that came twice is told by its id.
    fields: { id: record.id },
  }));
  return {
    headers: { authorization: `Splunk ${secret}`, "content-type": "application/json" },
    body: events.map((event) => JSON.stringify(event)).join("\n"),
  };
}
