import { Outage } from "../src/audit/reason.ts";
import type { LedgerPlacement } from "../src/config.ts";
import { LIMITS } from "../src/limits.ts";
import type { SubjectKey } from "../src/policy/subject-key.ts";
import type {
  Account,
  AccountConflict,
  AccountsToWrite,
  FoundAccount,
  Resolved,
  SubjectQuery,
} from "../src/trust/account.ts";
import type { AccountDirectory } from "./account-directory.ts";

export type Directory = DurableObjectStub<AccountDirectory>;

interface Copy {
  readonly account: string;
  readonly readAtMilliseconds: number;
}

/**
 * The Worker's side of the directories, one an organization, kept where the ledgers are. An isolate relies on a subject
 * that it has found for a short while; one that was not found is looked up again each time, so that adding an account
 * helps at once.
 */
export class Accounts {
  readonly #directories: DurableObjectNamespace<AccountDirectory>;
  readonly #placement: Pick<LedgerPlacement, "jurisdiction" | "locationHint">;
  readonly #found = new Map<string, Copy>();

  constructor(
    directories: DurableObjectNamespace<AccountDirectory>,
    placement: Pick<LedgerPlacement, "jurisdiction" | "locationHint">,
  ) {
    this.#directories =
      placement.jurisdiction === null ? directories : directories.jurisdiction(placement.jurisdiction);
    this.#placement = placement;
  }

  /** @throws Outage accounts_unavailable */
  async resolve(organization: string, query: SubjectQuery): Promise<Resolved> {
    const key = JSON.stringify([organization, query]);
    const copy = this.#found.get(key);
    if (copy !== undefined && Date.now() - copy.readAtMilliseconds < LIMITS.accountFreshSeconds * 1000) {
      return { account: copy.account };
    }
    const resolved = await this.#ask(organization, query);
    this.#found.delete(key);
    if (typeof resolved === "object") this.#keep(key, resolved.account);
    return resolved;
  }

  list(organization: string, after: string): Promise<readonly Account[]> {
    return this.#administer(organization, (directory) => directory.list(after));
  }

  find(organization: string, account: string): Promise<FoundAccount | null> {
    return this.#administer(organization, (directory) => directory.find(account));
  }

  accountOf(organization: string, subject: SubjectKey): Promise<string | null> {
    return this.#administer(organization, (directory) => directory.accountOf(subject));
  }

  findByEmail(organization: string, address: string): Promise<string | null> {
    return this.#administer(organization, (directory) => directory.findByEmail(address));
  }

  put(organization: string, accounts: AccountsToWrite): Promise<readonly AccountConflict[]> {
    return this.#administer(organization, (directory) => directory.put(accounts));
  }

  remove(organization: string, account: string): Promise<boolean> {
    return this.#administer(organization, (directory) => directory.remove(account));
  }

  unbind(organization: string, subject: SubjectKey): Promise<boolean> {
    return this.#administer(organization, (directory) => directory.unbind(subject));
  }

  async #administer<Answer>(organization: string, ask: (directory: Directory) => Promise<Answer>): Promise<Answer> {
    try {
      return await ask(this.directoryOf(organization));
    } catch (error) {
      throw new Outage("accounts_unavailable", { cause: error });
    }
  }

  directoryOf(organization: string): Directory {
    const hint = this.#placement.locationHint;
    return this.#directories.getByName(
      `accounts/v1/${organization}`,
      hint === null ? undefined : { locationHint: hint },
    );
  }

  /** Once more for an object that was just moved or restarted; the transaction may be repeated. */
  async #ask(organization: string, query: SubjectQuery): Promise<Resolved> {
    try {
      return await this.directoryOf(organization).resolve(query);
    } catch {
      return this.directoryOf(organization)
        .resolve(query)
        .catch((error: unknown) => {
          throw new Outage("accounts_unavailable", { cause: error });
        });
    }
  }

  #keep(key: string, account: string): void {
    this.#found.set(key, { account, readAtMilliseconds: Date.now() });
    const [oldest] = this.#found.keys();
    if (this.#found.size > LIMITS.accountsCached && oldest !== undefined) this.#found.delete(oldest);
  }
}
