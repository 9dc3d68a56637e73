import * as z from "zod";
import type { AdminClient } from "../backend/admin-client.ts";

const secretSchema = z.object({
  name: z.string(),
  resources: z.array(z.string()).nullable(),
  kid: z.string(),
  created_at: z.string(),
  changed_at: z.string(),
  last_used_at: z.string().nullable(),
});
const pageSchema = z.object({ secrets: z.array(secretSchema), after: z.string().nullable() });
const setSchema = z.object({ created: z.boolean(), kid: z.string(), effective_within_seconds: z.int() });
const deletedSchema = z.object({ effective_within_seconds: z.int() });
const rotationSchema = z.object({
  started_at: z.string(),
  finished_at: z.string().nullable(),
  vaults_done: z.int(),
  rewrapped: z.int(),
  damaged: z.int(),
  failures: z.int(),
});
const vaultSchema = z.object({
  current_kid: z.string().nullable(),
  secrets_by_kid: z.record(z.string(), z.int()),
  vaults: z.int(),
  rotation: rotationSchema.nullable(),
});

export type SecretDescription = z.output<typeof secretSchema>;
export type SecretSet = z.output<typeof setSchema>;
export type VaultState = z.output<typeof vaultSchema>;

const PATH = "/vault";

/** The vault of a running Crossgate, by the admin API. Every method may throw what `AdminClient.ask` throws. */
export class SecretVault {
  readonly #client: AdminClient;

  constructor(client: AdminClient) {
    this.#client = client;
  }

  set(name: string, value: string, resources: readonly string[]): Promise<SecretSet> {
    const body = JSON.stringify({ value, resources: resources.length === 0 ? null : resources });
    return this.#client.ask({ method: "PUT", path: pathOf(name), body }, setSchema);
  }

  async list(): Promise<readonly SecretDescription[]> {
    const secrets: SecretDescription[] = [];
    for (let after: string | null = ""; after !== null;) {
      const path: string = `${PATH}/secrets${after === "" ? "" : `?after=${encodeURIComponent(after)}`}`;
      const page: z.output<typeof pageSchema> = await this.#client.ask({ method: "GET", path }, pageSchema);
      secrets.push(...page.secrets);
      ({ after } = page);
    }
    return secrets;
  }

  /** @returns after how many seconds nobody uses it any more */
  async delete(name: string): Promise<number> {
    const answer = await this.#client.ask({ method: "DELETE", path: pathOf(name) }, deletedSchema);
    return answer.effective_within_seconds;
  }

  rotate(): Promise<VaultState> {
    return this.#client.ask({ method: "POST", path: `${PATH}/rotate` }, vaultSchema);
  }

  status(): Promise<VaultState> {
    return this.#client.ask({ method: "GET", path: PATH }, vaultSchema);
  }
}

function pathOf(name: string): string {
  return `${PATH}/secrets/${encodeURIComponent(name)}`;
}
