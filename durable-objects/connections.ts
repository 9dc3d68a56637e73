import { Outage } from "../src/audit/reason.ts";
import { LIMITS } from "../src/limits.ts";
import type { EndedSignIns } from "../src/revocation/ended-sign-ins.ts";
import { kindOfFence } from "../src/revocation/fence-names.ts";
import { within } from "../src/revocation/within.ts";
import type { GrantToKeep } from "../src/vault/kept-grant.ts";
import type { ConnectedPerson, ConnectedSubject, ListedPeople, WhoIsForgotten } from "./connection-index.ts";
import type { DescribedConnection } from "./described-connections.ts";
import type { ConnectionDescription, Kept } from "./outbound-tokens.ts";
import type { Vault } from "./vault.ts";
import { DEPLOYMENT, type VaultOwner } from "./vault-owner.ts";

type VaultOf = (owner: VaultOwner) => DurableObjectStub<Vault>;

/** A person: as the gateway's calls name him, and as his provider does. */
export interface Connecting {
  readonly owner: VaultOwner;
  readonly subject: ConnectedSubject;
}

export interface PersonWithConnections extends ConnectedPerson {
  readonly connections: readonly DescribedConnection[] | null;
}

/** The Worker's side of what people have connected. Every method throws Outage vault_unavailable. */
export class Connections {
  readonly #vaultOf: VaultOf;

  constructor(vaultOf: VaultOf) {
    this.#vaultOf = vaultOf;
  }

  keepIdentity(person: Connecting, identity: GrantToKeep): Promise<Kept> {
    return this.#keep(person, async (vault) => vault.keepIdentity(person.owner, identity));
  }

  /** @param resource our identifier of the MCP server */
  keepGrant(person: Connecting, resource: string, grant: GrantToKeep): Promise<Kept> {
    return this.#keep(person, async (vault) => vault.keepGrant(person.owner, resource, grant));
  }

  list(owner: VaultOwner): Promise<readonly ConnectionDescription[]> {
    return ask(async () => this.#vaultOf(owner).listConnections(owner));
  }

  /** A page of people, each with what they have connected; null where their vault does not answer. */
  async listPeople(wanted: ListedPeople): Promise<readonly PersonWithConnections[]> {
    const people = await ask(async () => this.#index().listConnected(wanted));
    return Promise.all(
      people.map(async ({ organization, owner, subjects }) => {
        const connections = await this.describe({ organization, owner }).catch((error: unknown) => {
          if (error instanceof Outage) return null;
          throw error;
        });
        return { organization, owner, subjects, connections };
      }),
    );
  }

  describe(owner: VaultOwner): Promise<readonly DescribedConnection[]> {
    return ask(async () => this.#vaultOf(owner).describeConnections(owner));
  }

  disconnect(owner: VaultOwner, connection: Pick<ConnectionDescription, "kind" | "id">): Promise<number> {
    return ask(async () => this.#vaultOf(owner).disconnect(owner, connection));
  }

  /**
   * Ends what the named person has connected upon the sign-ins that are over, and nobody else's. To be repeated when it
   * fails: what is already gone is gone. @returns how many connections there were
   */
  async endSignIns({ name, throughMilliseconds }: EndedSignIns): Promise<number> {
    const who = whoIsNamed(name);
    if (who === null) return 0;
    const owners = await ask(async () => this.#index().findConnected(who));
    const counts = await Promise.all(
      owners.map((owner) => ask(async () => this.#vaultOf(owner).endSignIns(owner, throughMilliseconds))),
    );
    return counts.reduce((total, count) => total + count, 0);
  }

  /** Known to the index first: what is kept and nowhere named could not be revoked. */
  async #keep({ owner, subject }: Connecting, keep: (vault: DurableObjectStub<Vault>) => Promise<Kept>): Promise<Kept> {
    await ask(async () => this.#index().addConnected(owner, subject));
    return ask(() => keep(this.#vaultOf(owner)));
  }

  #index(): DurableObjectStub<Vault> {
    return this.#vaultOf(DEPLOYMENT);
  }
}

async function ask<Answer>(question: () => Promise<Answer>): Promise<Answer> {
  try {
    return await within(LIMITS.vaultMilliseconds, question());
  } catch (error) {
    throw new Outage("vault_unavailable", { cause: error });
  }
}

/** As `fenceName` spells people; null for a fence that names somebody or something else. */
function whoIsNamed(fenceName: string): WhoIsForgotten | null {
  const kind = kindOfFence(fenceName);
  if (kind === null) return null;
  const value = fenceName.slice(kind.length + 1);
  if (kind === "principal") return { principal: value };
  if (kind !== "subject") return null;
  const [issuer, sub, tenant] = JSON.parse(value) as [string, string, string?];
  return { issuer, sub, tenant };
}
