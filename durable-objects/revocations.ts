import { Outage } from "../src/audit/reason.ts";
import type { LedgerPlacement } from "../src/config.ts";
import { LIMITS } from "../src/limits.ts";
import { documentFenceName, type ReplacedDocument } from "../src/revocation/document-fence.ts";
import type { Fence, FencedFacts } from "../src/revocation/fence.ts";
import { FenceSet } from "../src/revocation/fence-set.ts";
import type { Order } from "../src/revocation/orders.ts";
import type { IssuerNote } from "../src/revocation/stream-note.ts";
import type { RevocationStatus } from "../src/revocation/status.ts";
import { within } from "../src/revocation/within.ts";
import type { Giver } from "./registry-room.ts";
import type { RevocationRegistry } from "./revocation-registry.ts";

type Registries = DurableObjectNamespace<RevocationRegistry>;

/** The one registry, where the ledgers keep their records. */
export function findRegistry(
  registries: Registries,
  { jurisdiction }: Pick<LedgerPlacement, "jurisdiction">,
): DurableObjectStub<RevocationRegistry> {
  const namespace = jurisdiction === null ? registries : registries.jurisdiction(jurisdiction);
  return namespace.getByName("registry/v1");
}

interface RevocationsOptions {
  readonly registries: Registries;
  readonly placement: Pick<LedgerPlacement, "jurisdiction">;
  readonly waitUntil: (promise: Promise<unknown>) => void;
}

/**
 * The Worker's side of the registry: this isolate's copy of the fences, never relied on when it is older than
 * `fencesStaleMilliseconds`, and the orders that people and identity providers give.
 */
export class Revocations {
  readonly #options: RevocationsOptions;
  readonly #fences = new FenceSet();
  /** When the question was asked whose answer this copy is: what came after it may be missing. */
  #asOf = Number.NEGATIVE_INFINITY;
  #askedInPassingAt = Number.NEGATIVE_INFINITY;

  constructor(options: RevocationsOptions) {
    this.#options = options;
  }

  /**
   * @returns whether what is described here has been revoked, by a copy that is fresh enough for the promise of 5 s.
   * @throws Outage revocations_unavailable when the registry does not answer: nothing is decided by an older copy
   */
  async stops(facts: FencedFacts): Promise<boolean> {
    await this.follow();
    return this.#fences.find(facts) !== null;
  }

  /** @throws Outage */
  order(names: readonly string[], order: Order): Promise<RevocationStatus> {
    return this.#change((registry) => registry.order(names, order));
  }

  /** @throws Outage */
  join(fences: readonly Fence[], giver: Exclude<Giver, "operator">): Promise<RevocationStatus> {
    return this.#change((registry) => registry.join(fences, giver));
  }

  /** @throws Outage */
  replaceDocument(replaced: ReplacedDocument): Promise<RevocationStatus> {
    return this.#change((registry) => registry.replaceDocument(replaced));
  }

  /** By this isolate's copy as it is: what it has not heard yet, the ledger has. */
  isReplaced(kind: string, revision: string): boolean {
    return (
      this.#fences.find({ names: [documentFenceName(kind, revision)], signedInAtMilliseconds: Date.now() }) !== null
    );
  }

  /** Everything until now, whatever this isolate's copy is as of. @throws Outage */
  catchUp(): Promise<void> {
    return this.#ask();
  }

  status(version: number): Promise<RevocationStatus> {
    return ask(() => this.#registry().status(version));
  }

  find(name: string): Promise<Fence | null> {
    return ask(() => this.#registry().find(name));
  }

  list(prefix: string): Promise<readonly Fence[]> {
    return ask(() => this.#registry().list(prefix));
  }

  noteStream(note: IssuerNote): Promise<void> {
    return ask(async () => this.#registry().noteStream(note));
  }

  streamNotes(): Promise<readonly IssuerNote[]> {
    return ask(() => this.#registry().streamNotes());
  }

  async #change(
    give: (registry: DurableObjectStub<RevocationRegistry>) => Promise<RevocationStatus | null>,
  ): Promise<RevocationStatus> {
    const status = await ask(() => give(this.#registry()));
    // What this isolate has just had done, it acts on at once.
    this.#asOf = Number.NEGATIVE_INFINITY;
    if (status === null) throw new Outage("revocations_full");
    return status;
  }

  /** From then on this isolate's copy is fresh enough for that promise. @throws Outage */
  async follow(): Promise<void> {
    const now = Date.now();
    const age = now - this.#asOf;
    if (age < LIMITS.fencesFreshMilliseconds) return;
    if (age >= LIMITS.fencesStaleMilliseconds) return this.#ask();
    // By the clock and not by a flag: what runs in passing may be cut off before it could put a flag back.
    if (now - this.#askedInPassingAt < LIMITS.fencesFreshMilliseconds) return;
    this.#askedInPassingAt = now;
    this.#options.waitUntil(this.#ask().catch(() => undefined));
  }

  /** By each request for itself: a promise that another request began may never settle in this runtime. */
  async #ask(): Promise<void> {
    const askedAt = Date.now();
    for (let isLast = false; !isLast;) {
      // oxlint-disable-next-line no-await-in-loop -- each page begins where the one before ended
      const update = await ask(() => this.#registry().since(this.#fences.position));
      this.#fences.merge(update);
      isLast = update.isLast;
    }
    this.#fences.dropExpired(askedAt);
    this.#asOf = Math.max(this.#asOf, askedAt);
  }

  #registry(): DurableObjectStub<RevocationRegistry> {
    return findRegistry(this.#options.registries, this.#options.placement);
  }
}

/** Once more after a failure: an object that has just moved answers the second time. */
async function ask<Result>(question: () => Promise<Result>): Promise<Result> {
  try {
    return await within(LIMITS.fenceRegistryMilliseconds, question());
  } catch {
    return within(LIMITS.fenceRegistryMilliseconds, question()).catch((error: unknown) => {
      throw new Outage("revocations_unavailable", { cause: error });
    });
  }
}
