import type { Random } from "../random.ts";
import { Bucket } from "./bucket.ts";
import { serveDocuments } from "./documents.ts";
import { IndexDatabase } from "./index-database.ts";
import { DurableQueue } from "./queue.ts";
import { type StoreFault, StoreServer } from "./store-server.ts";

export type FaultyStore = "keyValue" | "queue" | "archive" | "index";

/** Everything that Crossgate's bindings lead to, in this process, with what goes wrong at present. */
export class Stores {
  readonly queue = new DurableQueue();
  readonly archive = new Bucket();
  readonly index: IndexDatabase;
  readonly #random: Random;
  readonly #faulty = new Set<FaultyStore>();
  readonly #servers = new Map<string, StoreServer>();

  private constructor(random: Random, migrations: readonly string[]) {
    this.#random = random;
    this.index = new IndexDatabase(migrations);
  }

  static async start(
    documents: Readonly<Record<string, string>>,
    migrations: readonly string[],
    random: Random,
  ): Promise<Stores> {
    const stores = new Stores(random, migrations);
    const handlers = {
      keyValue: serveDocuments(documents),
      queue: stores.queue.handle,
      archive: stores.archive.handle,
      index: stores.index.handle,
    };
    for (const [name, handle] of Object.entries(handlers)) {
      stores.#servers.set(name, await StoreServer.start(handle, () => stores.#nextFault(name)));
    }
    return stores;
  }

  address(name: string): string {
    return this.#servers.get(name)?.address ?? "";
  }

  /** Each of these fails every third time from now on; the others work. */
  breakStores(names: readonly FaultyStore[]): void {
    this.#faulty.clear();
    for (const name of names) this.#faulty.add(name);
  }

  stop(): void {
    for (const server of this.#servers.values()) server.stop();
  }

  #nextFault(name: string): StoreFault {
    if (!this.#faulty.has(name as FaultyStore)) return "none";
    if (this.#random.happens(0.2)) return "refuses";
    return this.#random.happens(0.15) ? "loses_its_answer" : "none";
  }
}
