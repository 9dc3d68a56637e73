import { DurableObject } from "cloudflare:workers";
import { parseConfig } from "../src/config.ts";
import { LIMITS } from "../src/limits.ts";
import type { GrantToKeep } from "../src/vault/kept-grant.ts";
import type { Acquired, TokenAsked } from "./acquisition.ts";
import {
  type ConnectedPerson,
  type ConnectedSubject,
  ConnectionIndex,
  type ListedPeople,
  type WhoIsForgotten,
} from "./connection-index.ts";
import { type DescribedConnection, describeConnections } from "./described-connections.ts";
import { type ConnectionDescription, type Kept, OutboundTokens } from "./outbound-tokens.ts";
import { DEPLOYMENT, findVault, type VaultOwner, vaultNameOf } from "./vault-owner.ts";
import { type RecordFlaw, type Rewrapped, VaultRecords } from "./vault-records.ts";
import { type RotationProgress, VaultRotation } from "./vault-rotation.ts";
import type { RecordName } from "./vault-tables.ts";

export interface SecretToSet {
  readonly name: string;
  readonly value: string;
  /** The MCP servers that it may be used for; any when null. */
  readonly resources: readonly string[] | null;
}

export type SecretSet = { readonly kid: string; readonly isNew: boolean } | "full" | "keys_unavailable";
export type SecretRevealed =
  | { readonly value: string; readonly kid: string; readonly changedAtMilliseconds: number }
  | RecordFlaw
  /** It is another server's. */
  | "not_for_resource";

/** Of a secret, everything but itself. */
export interface SecretDescription {
  readonly name: string;
  readonly resources: readonly string[] | null;
  readonly kid: string;
  readonly createdAtMilliseconds: number;
  readonly changedAtMilliseconds: number;
  readonly usedAtMilliseconds: number | null;
}

export interface VaultStatus {
  /** The key-encryption key that wraps what is written now; null where VAULT_KEYS is missing or does not parse. */
  readonly currentKid: string | null;
  /** The deployment's secrets by the key that they are under. */
  readonly secretsByKey: Readonly<Record<string, number>>;
  readonly vaults: number;
  readonly rotation: RotationProgress | null;
}

/**
 * Credentials for upstreams, encrypted: one object for the secrets of the deployment, and one for each person. Every
 * call says whose vault it means, and an object answers for its own owner alone.
 */
export class Vault extends DurableObject<Env> {
  readonly #records: VaultRecords;
  #outbound: OutboundTokens | null = null;
  readonly #rotation: VaultRotation;

  constructor(context: DurableObjectState, env: Env) {
    super(context, env);
    const { storage } = context;
    this.#records = new VaultRecords(storage, env.VAULT_KEYS, async (owner) => {
      await this.#vaultOf(DEPLOYMENT).enroll(owner);
    });
    this.#rotation = new VaultRotation({
      storage,
      records: this.#records,
      rewrapOther: async (owner, after) => this.#vaultOf(owner).rewrap(owner, after),
    });
  }

  /** Replaces one of the same name. */
  async setSecret({ name, value, resources }: SecretToSet): Promise<SecretSet> {
    this.#requireOwner(DEPLOYMENT);
    const isNew = !this.#records.has({ kind: "secret", id: name });
    if (isNew && this.#records.count("secret") >= LIMITS.vaultSecrets) return "full";
    const upstream = spellResources(resources);
    const secret = { kind: "secret", id: name, upstream, text: value, signedInAtMilliseconds: null } as const;
    const put = await this.#records.put(DEPLOYMENT, secret);
    if (put === "superseded") throw new TypeError("a secret replaces whatever was there");
    return put === "keys_unavailable" ? put : { kid: put.kid, isNew };
  }

  /** For one call of one server. `mustName`: what may be used for any server is not meant for this one. */
  async revealSecret(name: string, resource: string, mustName = false): Promise<SecretRevealed> {
    this.#requireOwner(DEPLOYMENT);
    const opened = await this.#records.open(DEPLOYMENT, { kind: "secret", id: name });
    if (typeof opened === "string") return opened;
    const resources = readResources(opened.upstream);
    if (resources === null ? mustName : !resources.includes(resource)) return "not_for_resource";
    const { text: value, ...described } = opened;
    this.#records.markUsed(described, Date.now());
    return { value, kid: described.kid, changedAtMilliseconds: described.changedAtMilliseconds };
  }

  listSecrets(after: string): SecretDescription[] {
    this.#requireOwner(DEPLOYMENT);
    return this.#records
      .list("secret", after, LIMITS.secretsPerPage)
      .map(({ id: name, upstream, kind: _kind, version: _version, ...known }) => ({
        name,
        resources: readResources(upstream),
        ...known,
      }));
  }

  hasSecret(name: string): boolean {
    this.#requireOwner(DEPLOYMENT);
    return this.#records.has({ kind: "secret", id: name });
  }

  deleteSecret(name: string): Promise<boolean> {
    this.#requireOwner(DEPLOYMENT);
    return this.#records.remove({ kind: "secret", id: name });
  }

  /** A token for one call of one server. */
  acquire(asked: TokenAsked): Promise<Acquired> {
    this.#requireOwner(asked.owner);
    return this.#tokens().acquire(asked);
  }

  /** Asked of the deployment's vault, which knows whose others there are. */
  addConnected(owner: VaultOwner, subject: ConnectedSubject): void {
    this.#requireOwner(DEPLOYMENT);
    new ConnectionIndex(this.ctx.storage.sql).add(owner, subject);
  }

  findConnected(who: WhoIsForgotten): VaultOwner[] {
    this.#requireOwner(DEPLOYMENT);
    return new ConnectionIndex(this.ctx.storage.sql).find(who);
  }

  listConnected(wanted: ListedPeople): ConnectedPerson[] {
    this.#requireOwner(DEPLOYMENT);
    return new ConnectionIndex(this.ctx.storage.sql).list(wanted, LIMITS.connectedPeoplePerPage);
  }

  /** What an identity provider has given us for a person: his ID token, and what renews it. Replaces what was there. */
  keepIdentity(owner: VaultOwner, identity: GrantToKeep): Promise<Kept> {
    this.#requireOwner(owner);
    return this.#tokens().keep({ owner, kind: "identity", id: identity.authorization_server }, identity);
  }

  /** What a person has granted us at an upstream. Replaces what was there. */
  keepGrant(owner: VaultOwner, resource: string, grant: GrantToKeep): Promise<Kept> {
    this.#requireOwner(owner);
    return this.#tokens().keep({ owner, kind: "grant", id: resource }, grant);
  }

  listConnections(owner: VaultOwner): ConnectionDescription[] {
    this.#requireOwner(owner);
    return this.#tokens().list();
  }

  describeConnections(owner: VaultOwner): Promise<DescribedConnection[]> {
    this.#requireOwner(owner);
    return describeConnections(this.#records, owner, Date.now());
  }

  /** One of them, at the person's own wish. */
  disconnect(owner: VaultOwner, connection: Pick<ConnectionDescription, "kind" | "id">): Promise<number> {
    this.#requireOwner(owner);
    return this.#tokens().forget([{ owner, ...connection }]);
  }

  /** All that this person has given us upon a sign-in until then. @returns how many there were */
  endSignIns(owner: VaultOwner, throughMilliseconds: number): Promise<number> {
    this.#requireOwner(owner);
    return this.#tokens().endSignIns(owner, throughMilliseconds);
  }

  /** Somebody's vault says that it is there, before anything is in it. */
  enroll(owner: VaultOwner): void {
    this.#requireOwner(DEPLOYMENT);
    this.#rotation.enroll(owner);
  }

  async startRotation(): Promise<void> {
    this.#requireOwner(DEPLOYMENT);
    await this.#rotation.start(Date.now());
  }

  status(): VaultStatus {
    this.#requireOwner(DEPLOYMENT);
    const { progress: rotation, vaults } = this.#rotation.status();
    const secretsByKey = Object.fromEntries(this.#records.countByKey());
    return { currentKid: this.#records.currentKid, secretsByKey, vaults, rotation };
  }

  /** A batch of this vault's records; to be repeated from where it ends. */
  rewrap(owner: VaultOwner, after: RecordName): Promise<Rewrapped | "keys_unavailable"> {
    this.#requireOwner(owner);
    return this.#records.rewrap(after, LIMITS.vaultRecordsPerBatch);
  }

  override alarm(): Promise<void> {
    return this.#rotation.proceed();
  }

  #tokens(): OutboundTokens {
    this.#outbound ??= new OutboundTokens({
      records: this.#records,
      rules: parseConfig(this.env).egress,
      signingKeys: this.env.SIGNING_KEYS,
      revealSecret: async (name, resource) => this.#vaultOf(DEPLOYMENT).revealSecret(name, resource),
      outlast: (work) => this.ctx.waitUntil(work),
    });
    return this.#outbound;
  }

  #vaultOf(owner: VaultOwner): DurableObjectStub<Vault> {
    return findVault(this.env.VAULT, parseConfig(this.env).ledger, owner);
  }

  /** An object that was reached by another's name must not answer as that other. */
  #requireOwner(owner: VaultOwner): void {
    if (this.ctx.id.name !== vaultNameOf(owner)) throw new TypeError("another owner's vault");
  }
}

/** Sorted: it is authenticated with the secret, and so has one spelling. */
function spellResources(resources: readonly string[] | null): string {
  return JSON.stringify(resources?.toSorted() ?? null);
}

function readResources(spelled: string): readonly string[] | null {
  return JSON.parse(spelled) as readonly string[] | null;
}
