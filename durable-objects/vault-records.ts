import { LIMITS } from "../src/limits.ts";
import { open, type RecordIdentity, rewrap, seal } from "../src/vault/envelope.ts";
import { VaultKeys, VaultKeysInvalid } from "../src/vault/vault-keys.ts";
import { DEPLOYMENT, type VaultOwner } from "./vault-owner.ts";
import { type RecordDescription, type RecordFailure, type RecordName, VaultTables } from "./vault-tables.ts";

/** `secret`: named by an operator. The others are a person's: what an identity provider or an upstream gave us for him. */
export type RecordKind = "secret" | "identity" | "grant";

export interface RecordToPut {
  readonly kind: RecordKind;
  readonly id: string;
  /** The upstream it is for, or the list of them, in one spelling. */
  readonly upstream: string;
  readonly text: string;
  /** Of what a person gave us: when he signed in for it; null where nobody did. */
  readonly signedInAtMilliseconds: number | null;
}

/** `superseded`: it was to replace a version that is not there any more, and nothing was written. */
export type Put = { readonly kid: string; readonly version: number } | "keys_unavailable" | "superseded";

/** Why a record cannot be had. `damaged`: what is stored is not that record, by accident or by somebody's hand. */
export type RecordFlaw = "absent" | "keys_unavailable" | "damaged";
export type OpenedRecord = RecordDescription & { readonly text: string };

interface Named<Kind extends RecordKind> {
  readonly kind: Kind;
  readonly id: string;
}

export interface Rewrapped {
  readonly rewrapped: number;
  readonly damaged: number;
  /** Where to go on; null when all has been looked at. */
  readonly after: RecordName | null;
}

const ENROLLED = "enrolled";
const ENDED_THROUGH = "sign-ins-ended-through";

/**
 * Encrypted records of one owner. Changes are made one after the other, in the order in which they were asked for, since
 * encrypting takes a moment in which others are heard.
 */
export class VaultRecords {
  readonly #tables: VaultTables;
  readonly #storage: DurableObjectStorage;
  readonly #secret: string | undefined;
  readonly #enroll: (owner: VaultOwner) => Promise<void>;
  #keys: VaultKeys | null = null;
  #changes: Promise<unknown> = Promise.resolve();
  #lastVersion = 0;

  /**
   * @param secret of the deployment: VAULT_KEYS. What it lacks shows when a record is to be read or written.
   * @param enroll tells the deployment's vault that there is this one: asked before its first record
   */
  constructor(storage: DurableObjectStorage, secret: string | undefined, enroll: (owner: VaultOwner) => Promise<void>) {
    this.#tables = new VaultTables(storage);
    this.#storage = storage;
    this.#secret = secret;
    this.#enroll = enroll;
  }

  /** null where VAULT_KEYS is missing or does not parse. */
  get currentKid(): string | null {
    try {
      return this.#parsedKeys().currentId;
    } catch (error) {
      if (error instanceof VaultKeysInvalid) return null;
      throw error;
    }
  }

  /** @param replaces the version that alone it may follow: what was forgotten meanwhile must not come back */
  put(
    owner: VaultOwner,
    { kind, id, upstream, text, signedInAtMilliseconds }: RecordToPut,
    replaces: number | null = null,
  ): Promise<Put> {
    return this.#inOrder(async () => {
      await this.#enrollOnce(owner);
      const current = this.#tables.find({ kind, id })?.version;
      if (replaces !== null && replaces !== current) return "superseded";
      const version = this.#nextVersion(current ?? 0);
      const { organization, owner: name } = owner;
      const identity: RecordIdentity = { organization, owner: name, kind, id, upstream, version };
      return this.#withKeys(async (keys) => {
        const envelope = await seal(text, identity, keys);
        this.#tables.put({ kind, id, upstream, version, signedInAtMilliseconds }, envelope);
        return { kid: envelope.kid, version };
      });
    });
  }

  async open(owner: VaultOwner, name: RecordName & { readonly kind: RecordKind }): Promise<OpenedRecord | RecordFlaw> {
    const found = this.#tables.find(name);
    if (found === null) return "absent";
    const { envelope, ...described } = found;
    return this.#withKeys(async (keys) => {
      const text = await open(envelope, { ...owner, ...described }, keys);
      return text === null ? "damaged" : { ...described, text };
    });
  }

  /** @returns whether there was one */
  remove(name: RecordName & { readonly kind: RecordKind }): Promise<boolean> {
    return this.#inOrder(async () => this.#tables.remove(name));
  }

  /** Sign-ins until then are over, for good: what rests on one is not put here any more. */
  get endedThroughMilliseconds(): number {
    return this.#storage.kv.get<number>(ENDED_THROUGH) ?? 0;
  }

  /**
   * At once for whoever asks from now on, and in its turn for what was asked for before.
   * @returns the records that rested on a sign-in until then, and are gone
   */
  endSignIns<Kind extends RecordKind>(kinds: readonly Kind[], throughMilliseconds: number): Promise<Named<Kind>[]> {
    if (throughMilliseconds > this.endedThroughMilliseconds) this.#storage.kv.put(ENDED_THROUGH, throughMilliseconds);
    return this.#inOrder(async () => {
      const ended = this.listSignedIn(kinds, throughMilliseconds);
      for (const name of ended) this.#tables.remove(name);
      return ended;
    });
  }

  listSignedIn<Kind extends RecordKind>(kinds: readonly Kind[], throughMilliseconds: number): Named<Kind>[] {
    return kinds.flatMap((kind) =>
      this.#tables.listSignedIn(kind, throughMilliseconds).map(({ id }) => ({ kind, id })),
    );
  }

  list(kind: RecordKind, after: string, limit: number): RecordDescription[] {
    return this.#tables.list(kind, after, limit);
  }

  has(name: RecordName & { readonly kind: RecordKind }): boolean {
    return this.versionOf(name) !== null;
  }

  versionOf(name: RecordName & { readonly kind: RecordKind }): number | null {
    return this.#tables.find(name)?.version ?? null;
  }

  count(kind: RecordKind): number {
    return this.#tables.count(kind);
  }

  /** Not each time: what is used all day would be written all day. */
  markUsed({ usedAtMilliseconds, ...name }: RecordDescription, nowMilliseconds: number): void {
    if (nowMilliseconds - (usedAtMilliseconds ?? 0) < LIMITS.vaultUseSeconds * 1000) return;
    this.#tables.markUsed(name, nowMilliseconds);
  }

  /** Its use, to `vaultUseSeconds`, and that whatever stood in the way of it does no more. */
  noteUse(name: RecordName, nowMilliseconds: number): void {
    this.#tables.noteUse(name, nowMilliseconds, nowMilliseconds - LIMITS.vaultUseSeconds * 1000);
  }

  noteFailure(name: RecordName, failure: RecordFailure): void {
    this.#tables.noteFailure(name, failure);
  }

  findFailure(name: RecordName): RecordFailure | null {
    return this.#tables.findFailure(name);
  }

  /** Records by the key-encryption key that they are under. */
  countByKey(): ReadonlyMap<string, number> {
    return this.#tables.countByKey();
  }

  /** A batch of what is not yet under the current key-encryption key; to be repeated from `after` until there is none. */
  async rewrap(after: RecordName, limit: number): Promise<Rewrapped | "keys_unavailable"> {
    return this.#withKeys(async (keys) => {
      const records = this.#tables.listNotUnder(keys.currentId, after, limit);
      let [rewrapped, damaged] = [0, 0];
      for (const record of records) {
        // oxlint-disable-next-line no-await-in-loop -- few at a time, so that calls are answered in between
        const envelope = keys.knows(record.kid) ? await rewrap(record.envelope, keys) : null;
        if (envelope === null) damaged += 1;
        else if (this.#tables.rewrap(record, envelope)) rewrapped += 1;
      }
      const last = records.length < limit ? undefined : records.at(-1);
      return { rewrapped, damaged, after: last === undefined ? null : { kind: last.kind, id: last.id } };
    });
  }

  async #withKeys<Answer>(use: (keys: VaultKeys) => Promise<Answer>): Promise<Answer | "keys_unavailable"> {
    try {
      return await use(this.#parsedKeys());
    } catch (error) {
      if (error instanceof VaultKeysInvalid) return "keys_unavailable";
      throw error;
    }
  }

  #parsedKeys(): VaultKeys {
    this.#keys ??= VaultKeys.parse(this.#secret);
    return this.#keys;
  }

  /** A record in a vault that nobody finds would be left behind under a key that is taken away. */
  async #enrollOnce(owner: VaultOwner): Promise<void> {
    if (owner === DEPLOYMENT || this.#storage.kv.get(ENROLLED) === true) return;
    await this.#enroll(owner);
    this.#storage.kv.put(ENROLLED, true);
  }

  /** Never one that was used, even of a record that has been deleted since: it would open what was there then. */
  #nextVersion(current: number): number {
    this.#lastVersion = Math.max(Date.now(), current + 1, this.#lastVersion + 1);
    return this.#lastVersion;
  }

  #inOrder<Answer>(change: () => Promise<Answer>): Promise<Answer> {
    const changed = this.#changes.then(change);
    this.#changes = changed.catch(() => undefined);
    return changed;
  }
}
