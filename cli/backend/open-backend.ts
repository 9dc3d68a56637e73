import { resolve } from "node:path";
import { type AdminKey, readAdminKey } from "../admin-key.ts";
import { CommandError, UsageError } from "../command-error.ts";
import { findRunning, localAdminKeyPath } from "../running-dev.ts";
import { AdminBackend } from "./admin-backend.ts";
import { AdminClient } from "./admin-client.ts";
import { RunningBackend } from "./running-backend.ts";
import type { TrustBackend } from "./trust-backend.ts";
import { WranglerBackend } from "./wrangler-backend.ts";

export const BACKEND_OPTIONS = {
  state: { type: "string" },
  remote: { type: "boolean", default: false },
  url: { type: "string" },
  key: { type: "string" },
} as const;

export const DEFAULT_STATE = ".crossgate/state";

export type BackendChoice =
  | { readonly kind: "local"; readonly stateDirectory: string; readonly issuer: undefined }
  | { readonly kind: "remote"; readonly issuer: undefined }
  | { readonly kind: "api"; readonly issuer: string; readonly keyPath: string };

interface BackendValues {
  readonly state?: string | undefined;
  readonly remote: boolean;
  readonly url?: string | undefined;
  readonly key?: string | undefined;
}

/** The local state unless told otherwise, so that nobody reaches production by leaving something out. */
export function chooseBackend({ state, remote, url, key }: BackendValues): BackendChoice {
  const named = [state !== undefined, remote, url !== undefined].filter(Boolean);
  if (named.length > 1) throw new UsageError("Give one of --state, --remote and --url.");
  const issuer = named.length === 0 ? process.env["CROSSGATE_URL"] : url;
  if (issuer !== undefined && issuer !== "") return chooseApi(issuer, key);
  if (key !== undefined) throw new UsageError("--key goes with --url.");
  if (remote) return { kind: "remote", issuer: undefined };
  return { kind: "local", stateDirectory: resolve(state ?? DEFAULT_STATE), issuer: undefined };
}

/** A request is signed for the issuer's own name, so the URL is that name and nothing that leads there as well. */
function chooseApi(issuer: string, key: string | undefined): BackendChoice {
  if (!URL.canParse(issuer) || new URL(issuer).origin !== issuer) {
    throw new UsageError(`--url ${issuer}: give the deployment's ISSUER, an origin like https://mcp.example.com.`);
  }
  const keyPath = key ?? process.env["CROSSGATE_ADMIN_KEY"] ?? "";
  if (keyPath !== "") return { kind: "api", issuer, keyPath };
  throw new UsageError(
    "--url takes an admin key: --key FILE, or CROSSGATE_ADMIN_KEY. Make one with: npx crossgate admin",
  );
}

export async function withBackend<Result>(
  choice: BackendChoice,
  use: (backend: TrustBackend) => Promise<Result>,
): Promise<Result> {
  const backend = await openBackend(choice);
  try {
    return await use(backend);
  } finally {
    await backend.close();
  }
}

async function openBackend(choice: BackendChoice): Promise<TrustBackend> {
  if (choice.kind === "remote") return new WranglerBackend();
  if (choice.kind === "api") {
    const key = await readAdminKey(choice.keyPath);
    return openApi({ url: choice.issuer, issuer: choice.issuer, key }, choice.issuer);
  }
  const { stateDirectory } = choice;
  // Brings the local runtime with it, which the others need not wait for.
  const { LocalBackend } = await import("./local-backend.ts");
  const running = await findRunning(stateDirectory);
  if (running === null) return LocalBackend.open(stateDirectory);
  const key = await readAdminKey(localAdminKeyPath(stateDirectory));
  const stores = await LocalBackend.open(stateDirectory);
  return new RunningBackend(stores, openApi({ ...running, key }, stores.name));
}

/**
 * What lies in Durable Objects is reached by the Crossgate that they belong to, and no other way.
 * @throws CommandError where none is named and none runs on the state
 */
export async function openAdminClient(
  choice: BackendChoice,
  localKeyPath: (stateDirectory: string) => string = localAdminKeyPath,
): Promise<AdminClient> {
  if (choice.kind === "remote") {
    throw new UsageError(
      "wrangler does not reach what this command is about. Give --url and --key instead of --remote.",
    );
  }
  if (choice.kind === "api") {
    const { issuer } = choice;
    return new AdminClient({ url: issuer, issuer, key: await readAdminKey(choice.keyPath) });
  }
  const { stateDirectory } = choice;
  const running = await findRunning(stateDirectory);
  if (running !== null) return new AdminClient({ ...running, key: await readAdminKey(localKeyPath(stateDirectory)) });
  throw new CommandError(
    `No Crossgate runs on ${stateDirectory}. Start one with: npx crossgate dev; or name one with --url and --key.`,
  );
}

function openApi(server: { url: string; issuer: string; key: AdminKey }, name: string): AdminBackend {
  return new AdminBackend(new AdminClient(server), name);
}
