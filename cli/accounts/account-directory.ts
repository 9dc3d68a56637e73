import * as z from "zod";
import { type SubjectKey, subjectKeySchema } from "../../src/policy/subject-key.ts";
import { type Account, accountSchema } from "../../src/trust/account.ts";
import type { AdminClient } from "../backend/admin-client.ts";

const pageSchema = z.object({ accounts: z.array(accountSchema), after: z.string().nullable() });
const foundSchema = z.object({
  account: accountSchema,
  bindings: z.array(subjectKeySchema.extend({ bound_by: z.string(), bound_at: z.string() })),
});
const writtenSchema = z.object({ written: z.int() });
const changedSchema = z.object({ effective_within_seconds: z.int() });

/** An account, and the subjects that are bound to it. */
export type FoundAccount = z.output<typeof foundSchema>;
export type Existing = "keep" | "replace";

/** The accounts of one organization, by the admin API. Every method may throw what `AdminClient.ask` throws. */
export class AccountDirectory {
  readonly #client: AdminClient;
  readonly #path: string;

  constructor(client: AdminClient, organization: string) {
    this.#client = client;
    this.#path = `/accounts/${encodeURIComponent(organization)}`;
  }

  /** All of them by id, a page at a time. */
  async *list(): AsyncGenerator<readonly Account[]> {
    for (let after: string | null = ""; after !== null;) {
      const path: string = after === "" ? this.#path : `${this.#path}?after=${encodeURIComponent(after)}`;
      const page: z.output<typeof pageSchema> = await this.#client.ask({ method: "GET", path }, pageSchema);
      yield page.accounts;
      ({ after } = page);
    }
  }

  find(account: string): Promise<FoundAccount> {
    return this.#client.ask({ method: "GET", path: this.#pathOf(account) }, foundSchema);
  }

  /** All of these or none; at most as many as one request takes. */
  async write(accounts: readonly Account[], existing: Existing): Promise<void> {
    const body = spellBody(accounts, existing);
    await this.#client.ask({ method: "POST", path: this.#path, body }, writtenSchema);
  }

  /** @returns after how many seconds nobody relies on it any more */
  async remove(account: string): Promise<number> {
    const answer = await this.#client.ask({ method: "DELETE", path: this.#pathOf(account) }, changedSchema);
    return answer.effective_within_seconds;
  }

  /** @returns after how many seconds nobody relies on it any more */
  async unbind(subject: SubjectKey): Promise<number> {
    const request = { method: "POST", path: `${this.#path}/unbind`, body: JSON.stringify(subject) } as const;
    return (await this.#client.ask(request, changedSchema)).effective_within_seconds;
  }

  #pathOf(account: string): string {
    return `${this.#path}/${encodeURIComponent(account)}`;
  }
}

function spellBody(accounts: readonly Account[], existing: Existing): string {
  return JSON.stringify({ accounts, existing });
}
