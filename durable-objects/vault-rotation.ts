import { LIMITS } from "../src/limits.ts";
import { backoffMilliseconds } from "./backoff.ts";
import type { VaultOwner } from "./vault-owner.ts";
import type { Rewrapped, VaultRecords } from "./vault-records.ts";
import type { RecordName } from "./vault-tables.ts";

export interface RotationProgress {
  readonly startedAtMilliseconds: number;
  readonly finishedAtMilliseconds: number | null;
  /** The one that is being gone through; null for the deployment's own, which comes first. */
  readonly owner: VaultOwner | null;
  readonly after: RecordName;
  readonly vaultsDone: number;
  readonly rewrapped: number;
  readonly damaged: number;
  /** In a row, of the step that is next. */
  readonly failures: number;
}

export interface RotationUses {
  readonly storage: DurableObjectStorage;
  /** The deployment's own. */
  readonly records: VaultRecords;
  readonly rewrapOther: (owner: VaultOwner, after: RecordName) => Promise<Rewrapped | "keys_unavailable">;
}

const PROGRESS = "rotation";
const FIRST: RecordName = { kind: "", id: "" };

/**
 * Has every record of every vault wrapped under the current key-encryption key: a batch at a time, by alarm, going on
 * after whatever interrupts it. What has been done is in the records themselves, so that it may always be begun anew.
 */
export class VaultRotation {
  readonly #uses: RotationUses;
  readonly #sql: SqlStorage;

  constructor(uses: RotationUses) {
    this.#uses = uses;
    this.#sql = uses.storage.sql;
    this.#sql.exec(
      "CREATE TABLE IF NOT EXISTS enrolled (organization TEXT, owner TEXT, PRIMARY KEY (organization, owner)) WITHOUT ROWID",
    );
  }

  /** Nothing lists Durable Objects: what is to be found again later says that it is there. */
  enroll({ organization, owner }: VaultOwner): void {
    this.#sql.exec("INSERT OR IGNORE INTO enrolled (organization, owner) VALUES (?, ?)", organization, owner);
  }

  async start(nowMilliseconds: number): Promise<void> {
    this.#save({
      startedAtMilliseconds: nowMilliseconds,
      finishedAtMilliseconds: null,
      owner: null,
      after: FIRST,
      vaultsDone: 0,
      rewrapped: 0,
      damaged: 0,
      failures: 0,
    });
    await this.#uses.storage.setAlarm(nowMilliseconds);
  }

  status(): { readonly progress: RotationProgress | null; readonly vaults: number } {
    const { count } = this.#sql.exec<{ count: number }>("SELECT COUNT(*) AS count FROM enrolled").one();
    return { progress: this.#load(), vaults: count + 1 };
  }

  /** For the alarm: some steps, and then it is set again. Never throws, or the runtime would give up on it. */
  async proceed(): Promise<void> {
    for (let batch = 0; batch < LIMITS.vaultBatchesPerAlarm; batch += 1) {
      const progress = this.#load();
      if (progress === null || progress.finishedAtMilliseconds !== null) return;
      // oxlint-disable-next-line no-await-in-loop -- the next batch begins where this one ends
      const next = await this.#step(progress).catch(() => null);
      // Begun anew meanwhile: what that one has done counts for nothing.
      if (this.#load()?.startedAtMilliseconds !== progress.startedAtMilliseconds) continue;
      this.#save(next ?? { ...progress, failures: progress.failures + 1 });
      if (next === null) return this.#wakeIn(backoffMilliseconds(progress.failures + 1));
    }
    return this.#wakeIn(0);
  }

  /** @returns null when it could not be done now */
  async #step(progress: RotationProgress): Promise<RotationProgress | null> {
    const { owner, after, rewrapped, damaged } = progress;
    const done = await (owner === null
      ? this.#uses.records.rewrap(after, LIMITS.vaultRecordsPerBatch)
      : this.#uses.rewrapOther(owner, after));
    if (done === "keys_unavailable") return null;
    const counted = {
      ...progress,
      rewrapped: rewrapped + done.rewrapped,
      damaged: damaged + done.damaged,
      failures: 0,
    };
    return done.after === null ? this.#nextVault(counted) : { ...counted, after: done.after };
  }

  #nextVault(progress: RotationProgress): RotationProgress {
    const { organization, owner } = progress.owner ?? { organization: "", owner: "" };
    const [next = null] = this.#sql.exec<{ organization: string; owner: string }>(
      "SELECT organization, owner FROM enrolled WHERE (organization, owner) > (?, ?) ORDER BY organization, owner LIMIT 1",
      organization,
      owner,
    );
    const vaultsDone = progress.vaultsDone + 1;
    if (next === null) return { ...progress, vaultsDone, finishedAtMilliseconds: Date.now() };
    return { ...progress, vaultsDone, owner: next, after: FIRST };
  }

  async #wakeIn(milliseconds: number): Promise<void> {
    await this.#uses.storage.setAlarm(Date.now() + milliseconds);
  }

  #load(): RotationProgress | null {
    return this.#uses.storage.kv.get<RotationProgress>(PROGRESS) ?? null;
  }

  #save(progress: RotationProgress): void {
    this.#uses.storage.kv.put(PROGRESS, progress);
  }
}
