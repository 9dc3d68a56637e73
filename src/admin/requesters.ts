import type { Approver, HeldCall, SubjectAtIssuer } from "../approval/approval.ts";
import { mayBe } from "../approval/may-decide.ts";
import { accountPrincipal } from "../redemption/principal.ts";
import type { AdminDependencies } from "./dependencies.ts";

type Directories = Pick<AdminDependencies["accounts"], "accountOf" | "find">;
type Asked = Pick<HeldCall, "organization" | "requester" | "principal">;

/**
 * Whether an approver has asked for a call himself under another name: somebody whom an account links to two identity
 * providers calls by the one and would decide by the other. By whatever is bound to the requester's account now, and by
 * the account whose principal called then. While nobody can tell, nobody decides: each question may throw `Outage`.
 */
export class Requesters {
  readonly #accounts: Directories;
  readonly #known = new Map<string, Promise<string | null>>();

  constructor(accounts: Directories) {
    this.#accounts = accounts;
  }

  async includes(
    { organization, requester, principal }: Asked,
    approver: Pick<Approver, "subjects">,
  ): Promise<boolean> {
    const linked = await this.#linkedTo(requester, organization);
    if (linked.some((subject) => mayBe(approver, subject))) return true;
    const own = await Promise.all(approver.subjects.map((subject) => this.#principalOf(organization, subject)));
    return own.includes(principal);
  }

  async #linkedTo(requester: SubjectAtIssuer, organization: string): Promise<readonly SubjectAtIssuer[]> {
    const account = await this.#accountOf(organization, requester);
    return account === null ? [] : ((await this.#accounts.find(organization, account))?.bindings ?? []);
  }

  async #principalOf(organization: string, subject: SubjectAtIssuer): Promise<string | null> {
    const account = await this.#accountOf(organization, subject);
    return account === null ? null : accountPrincipal(organization, account);
  }

  /** Once for each in one answer: a list may have many calls of the same people. */
  #accountOf(organization: string, { issuer, tenant, sub }: SubjectAtIssuer): Promise<string | null> {
    const key = JSON.stringify([organization, issuer, tenant, sub]);
    const asked = this.#known.get(key) ?? this.#accounts.accountOf(organization, { issuer, tenant, sub });
    this.#known.set(key, asked);
    return asked;
  }
}
