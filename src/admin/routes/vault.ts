import * as z from "zod";
import { LIMITS } from "../../limits.ts";
import { secretNameSchema } from "../../trust/upstream-credential.ts";
import type { AdminDependencies } from "../dependencies.ts";
import { AdminRejected } from "../rejection.ts";
import { defineRoute, NO_BODY, NO_PARAMETERS } from "../route.ts";

const addressSchema = z.strictObject({ name: secretNameSchema });
const instant = z.iso.datetime();
const effective = { effective_within_seconds: z.int().describe("Isolates go by what they were given for so long") };

/** Looked at here and again before it is sent: it must not break out of the header that it will be in. */
const secretValueSchema = z
  .string()
  .min(1)
  .max(LIMITS.secretValueBytes)
  .regex(/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/, "printable ASCII in one line, without spaces around it")
  .meta({ writeOnly: true });

const secretSchema = z.strictObject({
  name: z.string(),
  resources: z.array(z.string()).nullable().describe("The MCP servers that it may be used for; null: any"),
  kid: z.string().describe("The key of VAULT_KEYS that it is under"),
  created_at: instant,
  changed_at: instant,
  last_used_at: instant.nullable().describe("To a minute or so"),
});

const vaultSchema = z.strictObject({
  current_kid: z.string().nullable().describe("null: VAULT_KEYS is missing or does not parse"),
  secrets_by_kid: z.record(z.string(), z.int()),
  vaults: z.int().describe("The deployment's own and those of people"),
  rotation: z
    .strictObject({
      started_at: instant,
      finished_at: instant.nullable(),
      vaults_done: z.int(),
      rewrapped: z.int(),
      damaged: z.int().describe("Records that are not what was stored, or under a key that is gone"),
      failures: z.int().describe("In a row; it is tried again"),
    })
    .nullable()
    .describe("The last one; null: there was none"),
});

export const readVault = defineRoute({
  id: "read_vault",
  method: "GET",
  path: "/admin/v1/vault",
  role: "viewer",
  summary: "Under which keys the vault's records are, and how far the rotation has come",
  parameters: NO_PARAMETERS,
  body: NO_BODY,
  response: vaultSchema,
  handle: async (_call, { vault }) => ({ answer: { status: 200, body: describeVault(await vault.status()) } }),
});

export const rotateVault = defineRoute({
  id: "rotate_vault",
  method: "POST",
  path: "/admin/v1/vault/rotate",
  role: "operator",
  summary: "Begins to wrap every record under the current key of VAULT_KEYS; 202, it goes on in the background",
  status: 202,
  parameters: NO_PARAMETERS,
  body: NO_BODY,
  response: vaultSchema,
  async handle(_call, { vault }) {
    const { currentKid } = await vault.status();
    const change = async () => {
      await vault.startRotation();
      return { status: 202, body: describeVault(await vault.status()) };
    };
    return { facts: { action: "changed", document_key: "vault", key_id: currentKid }, change };
  },
});

export const listSecrets = defineRoute({
  id: "list_secrets",
  method: "GET",
  path: "/admin/v1/vault/secrets",
  role: "viewer",
  summary: "Secrets by name, a page at a time; never their values",
  parameters: z.strictObject({ after: z.string().max(LIMITS.secretNameCharacters).default("") }),
  body: NO_BODY,
  response: z.strictObject({ secrets: z.array(secretSchema), after: z.string().nullable() }),
  async handle({ parameters }, { vault }) {
    const listed = await vault.listSecrets(parameters.after);
    const after = listed.length < LIMITS.secretsPerPage ? null : (listed.at(-1)?.name ?? null);
    const secrets = listed.map(({ name, resources, kid, ...times }) => ({
      name,
      resources: resources === null ? null : [...resources],
      kid,
      created_at: instantOf(times.createdAtMilliseconds),
      changed_at: instantOf(times.changedAtMilliseconds),
      last_used_at: times.usedAtMilliseconds === null ? null : instantOf(times.usedAtMilliseconds),
    }));
    return { answer: { status: 200, body: { secrets, after } } };
  },
});

export const setSecret = defineRoute({
  id: "set_secret",
  method: "PUT",
  path: "/admin/v1/vault/secrets/{name}",
  role: "operator",
  summary: "Sets a secret, or replaces it; what is set cannot be read again",
  parameters: addressSchema,
  body: z.strictObject({
    value: secretValueSchema,
    resources: z
      .array(z.string().min(1).max(LIMITS.urlBytes))
      .min(1)
      .max(LIMITS.resourcesPerSecret)
      .nullable()
      .default(null)
      .describe("The MCP servers that it may be used for, byte for byte; null: any"),
  }),
  response: z.strictObject({ created: z.boolean(), kid: z.string(), ...effective }),
  async handle({ parameters: { name }, body: { value, resources } }, { vault }) {
    const action = (await vault.hasSecret(name)) ? "changed" : "created";
    const facts = { action, document_key: keyOf(name), count: resources?.length ?? null } as const;
    const change = async () => {
      const set = await vault.setSecret({ name, value, resources });
      if (set === null) throw new AdminRejected("admin_vault_full");
      return { status: 200, body: { created: set.isNew, kid: set.kid, ...spread() } };
    };
    return { facts, change };
  },
});

export const deleteSecret = defineRoute({
  id: "delete_secret",
  method: "DELETE",
  path: "/admin/v1/vault/secrets/{name}",
  role: "operator",
  summary: "Deletes a secret; servers whose documents name it cannot be called then",
  parameters: addressSchema,
  body: NO_BODY,
  response: z.strictObject(effective),
  async handle({ parameters: { name } }, { vault }) {
    const about = { document_key: keyOf(name) };
    // What is known to fail is not recorded as done; the change itself looks again.
    if (!(await vault.hasSecret(name))) throw new AdminRejected("admin_secret_unknown", { facts: about });
    const change = async () => {
      if (!(await vault.deleteSecret(name))) throw new AdminRejected("admin_secret_unknown");
      return { status: 200, body: spread() };
    };
    return { facts: { ...about, action: "removed" }, change };
  },
});

function keyOf(name: string): string {
  return `vault:${name}`;
}

function spread(): { readonly effective_within_seconds: number } {
  return { effective_within_seconds: LIMITS.vaultSecretFreshSeconds };
}

function describeVault(state: Awaited<ReturnType<AdminDependencies["vault"]["status"]>>): z.input<typeof vaultSchema> {
  const { currentKid, secretsByKey, vaults, rotation } = state;
  return {
    current_kid: currentKid,
    secrets_by_kid: { ...secretsByKey },
    vaults,
    rotation:
      rotation === null
        ? null
        : {
            started_at: instantOf(rotation.startedAtMilliseconds),
            finished_at: rotation.finishedAtMilliseconds === null ? null : instantOf(rotation.finishedAtMilliseconds),
            vaults_done: rotation.vaultsDone,
            rewrapped: rotation.rewrapped,
            damaged: rotation.damaged,
            failures: rotation.failures,
          },
  };
}

function instantOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
