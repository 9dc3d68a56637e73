import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import type { ArchivedChain, AuditSink } from "../../durable-objects/audit-sink.ts";
import { archiveName } from "../../src/audit/archive-name.ts";
import { contentOf, genesisOf, hashBatch } from "../../src/audit/audit-batch.ts";
import {
  type AuditEvent,
  makeAuditEvent,
  serializeAuditEvent,
  traceWithoutRequest,
} from "../../src/audit/audit-event.ts";
import { type ArchivedRecord, readRecord } from "../../src/sinks/archived-record.ts";
import { type Members, sinkDocument } from "./documents.ts";

/** A ledger's chain in the real archive, as the consumer leaves it. */
export class TestChain {
  readonly name: string;
  #head: ArchivedChain;

  constructor(name = `ledger/v1/7/${crypto.randomUUID().slice(0, 8)}`) {
    this.name = name;
    this.#head = { chain: name, sequence: 0, hash: null };
  }

  get head(): ArchivedChain {
    return this.#head;
  }

  /** @returns the ids of what was written */
  async append(...batches: readonly (readonly Partial<AuditEvent>[])[]): Promise<readonly string[]> {
    const ids: string[] = [];
    for (const facts of batches) {
      const events = facts.map((each) => makeEvent(each));
      const { object, head } = await this.cut(events);
      await env.AUDIT_ARCHIVE.put(object.name, object.content);
      this.#head = head;
      ids.push(...events.map(({ id }) => id));
    }
    return ids;
  }

  async appendLines(...lines: readonly string[]): Promise<void> {
    const { object, head } = await this.cutLines(lines);
    await env.AUDIT_ARCHIVE.put(object.name, object.content);
    this.#head = head;
  }

  /** What follows, not written yet. */
  cut(events: readonly AuditEvent[]) {
    return this.cutLines(events.map(serializeAuditEvent));
  }

  /** Of whatever a ledger of any version may have written. */
  async cutLines(events: readonly string[]) {
    const content = contentOf(events);
    const hash = await hashBatch(this.#head.hash ?? (await genesisOf(this.name)), content);
    const firstSequence = this.#head.sequence + 1;
    const lastSequence = this.#head.sequence + events.length;
    const name = archiveName({ chain: this.name, firstSequence, lastSequence, hash });
    return { object: { name, content }, head: { chain: this.name, sequence: lastSequence, hash } };
  }
}

export function makeEvent(facts: Partial<AuditEvent> = {}): AuditEvent {
  const known = { type: "redemption", decision: "granted", ...facts } as const;
  return makeAuditEvent(crypto.randomUUID(), traceWithoutRequest(Date.now()), known);
}

/** As the archive's reader gives it. */
export function makeRecord(facts: Partial<AuditEvent> = {}): ArchivedRecord {
  return readRecord(serializeAuditEvent(makeEvent(facts)), "nowhere");
}

export type Answer = (request: Request, body: string) => Response | Promise<Response>;

/** Whatever a receiver was sent, by its host. */
export class Receivers {
  readonly taken: { readonly host: string; readonly headers: Headers; readonly body: string }[] = [];
  answer: Answer = () => new Response("ok");

  constructor() {
    vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
      const request = new Request(input, init);
      const body = await request.clone().text();
      const response = await this.answer(request, body);
      if (response.ok) this.taken.push({ host: new URL(request.url).host, headers: request.headers, body });
      return response;
    });
  }

  /** The ids of the records that a webhook at this host has taken, in order. */
  idsAt(host: string): readonly string[] {
    return this.taken.filter((each) => each.host === host).flatMap(({ body }) => recordsIn(body).map(({ id }) => id));
  }
}

export function recordsIn(body: string): readonly { readonly id: string }[] {
  return (JSON.parse(body) as { data: { records: { id: string }[] } }).data.records;
}

/** A sink of its own, with its document in KV. */
export class TestSink {
  readonly name = `s-${crypto.randomUUID()}`;
  readonly stub: DurableObjectStub<AuditSink> = env.AUDIT_SINK.getByName(this.name);

  async write(overrides: Members = {}): Promise<this> {
    const document = sinkDocument({ name: this.name, begin: "beginning", ...overrides });
    await env.TRUST_AND_POLICY.put(`sink:${this.name}`, JSON.stringify(document));
    return this;
  }

  meet(...chains: readonly TestChain[]): Promise<void> {
    return this.stub.meet(
      this.name,
      chains.map(({ head }) => head),
    );
  }

  /** Lets its alarm go off, as often as one is set and at most so often. @returns how often that was */
  async run(most = 20): Promise<number> {
    for (let ran = 0; ran < most; ran += 1) {
      if (!(await runDurableObjectAlarm(this.stub))) return ran;
    }
    return most;
  }
}
