import { DurableObject } from "cloudflare:workers";
import { LIMITS } from "../src/limits.ts";
import type { SubjectKey } from "../src/policy/subject-key.ts";
import type {
  Account,
  AccountConflict,
  AccountsToWrite,
  BoundBy,
  FoundAccount,
  Resolved,
  SubjectQuery,
} from "../src/trust/account.ts";
import { AccountTables, identifiersOf } from "./account-tables.ts";

/**
 * Who is who in one organization. An assertion finds an account once; from then on its subject is that account, whatever
 * it says of e-mail addresses (a binding states who somebody is, and permits nothing). Every method is one synchronous
 * transaction, so that two first sights at once cannot come to two answers.
 */
export class AccountDirectory extends DurableObject<Env> {
  readonly #tables: AccountTables;

  constructor(context: DurableObjectState, env: Env) {
    super(context, env);
    this.#tables = new AccountTables(context.storage.sql);
  }

  /** Safe to repeat. */
  resolve(query: SubjectQuery): Resolved {
    return this.ctx.storage.transactionSync(() => this.#resolve(query));
  }

  /** Writes all of these accounts or none. @returns what stands in the way */
  put({ accounts, existing, dryRun = false }: AccountsToWrite): AccountConflict[] {
    const conflicts: AccountConflict[] = [];
    try {
      this.ctx.storage.transactionSync(() => {
        for (const account of accounts) conflicts.push(...this.#put(account, existing));
        if (dryRun || conflicts.length > 0) throw new NotWritten();
      });
    } catch (error) {
      if (!(error instanceof NotWritten)) throw error;
    }
    return conflicts;
  }

  find(id: string): FoundAccount | null {
    const account = this.#tables.find(id);
    return account === null ? null : { account, bindings: this.#tables.bindingsOf(id) };
  }

  accountOf(subject: SubjectKey): string | null {
    return this.#tables.findBySubject(subject);
  }

  /** Whose this very address is; nothing is bound by asking. */
  findByEmail(address: string): string | null {
    return this.#tables.findByIdentifier("email", address);
  }

  /** A page of accounts after this id; the empty id is before all. */
  list(after: string): Account[] {
    return this.#tables.list(after, LIMITS.accountsPerPage);
  }

  /** With its bindings: its subjects are nobody until they find an account again. */
  remove(id: string): boolean {
    return this.ctx.storage.transactionSync(() => this.#tables.remove(id));
  }

  unbind(subject: SubjectKey): boolean {
    return this.#tables.unbind(subject);
  }

  /**
   * What names an account outright must name the one that the subject is bound to. An e-mail address is asked only when
   * nothing else is said, and never again after that.
   */
  #resolve(query: SubjectQuery): Resolved {
    const stated = this.#statedBy(query);
    if (stated.some(({ account }) => account === null)) return "unknown";
    const bound = this.#tables.findBySubject(query);
    const named = new Set([bound, ...stated.map(({ account }) => account)].filter((account) => account !== null));
    if (named.size > 1) return "conflict";
    if (bound !== null) return { account: bound };
    const [found = this.#byEmail(query)] = stated;
    return found === null || found.account === null ? "unknown" : this.#bind(query, found.account, found.boundBy);
  }

  #statedBy({ account, samlNameId }: SubjectQuery): readonly Found[] {
    return [
      ...(account === null
        ? []
        : [{ boundBy: "aud_sub" as const, account: this.#tables.find(account)?.account ?? null }]),
      ...(samlNameId === null
        ? []
        : [{ boundBy: "saml_nameid" as const, account: this.#tables.findByIdentifier("saml_nameid", samlNameId) }]),
    ];
  }

  #byEmail({ email }: SubjectQuery): Found | null {
    return email === null ? null : { boundBy: "email", account: this.#tables.findByIdentifier("email", email) };
  }

  /**
   * One subject of each issuer and tenant: an address, or a name, that is given to somebody new must not give him the
   * old one's account. An administrator may bind more.
   */
  #bind(query: SubjectQuery, account: string, boundBy: BoundBy): Resolved {
    if (this.#tables.hasSubjectAt(account, query)) return "conflict";
    this.#tables.bind(query, account, { boundBy, nowMilliseconds: Date.now() });
    return { account };
  }

  #put(account: Account, existing: "keep" | "replace"): readonly AccountConflict[] {
    const conflicts = this.#conflictsOf(account, existing);
    if (conflicts.length > 0) return conflicts;
    this.#tables.put(account);
    for (const subject of account.subjects) {
      if (this.#tables.findBySubject(subject) !== null) continue;
      this.#tables.bind(subject, account.account, { boundBy: "administrator", nowMilliseconds: Date.now() });
    }
    return [];
  }

  #conflictsOf(account: Account, existing: "keep" | "replace"): readonly AccountConflict[] {
    const { account: id } = account;
    const isThere = existing === "keep" && this.#tables.find(id) !== null;
    const owners = [
      ...identifiersOf(account).map(({ kind, value }) => ({
        taken: kind,
        by: this.#tables.findByIdentifier(kind, value),
      })),
      ...account.subjects.map((subject) => ({ taken: "subject" as const, by: this.#tables.findBySubject(subject) })),
    ];
    return [
      ...(isThere ? [{ account: id, taken: "account" as const, by: id }] : []),
      ...owners.flatMap(({ taken, by }) => (by === null || by === id ? [] : [{ account: id, taken, by }])),
    ];
  }
}

interface Found {
  readonly boundBy: BoundBy;
  readonly account: string | null;
}

/** Takes the transaction back. */
class NotWritten extends Error {}
