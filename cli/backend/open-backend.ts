import { resolve } from "node:path";
import { UsageError } from "../command-error.ts";
import { WranglerBackend } from "./wrangler-backend.ts";
import type { TrustBackend } from "./trust-backend.ts";

export const BACKEND_OPTIONS = {
  state: { type: "string" },
  remote: { type: "boolean", default: false },
} as const;

export const DEFAULT_STATE = ".crossgate/state";

export type BackendChoice =
  | { readonly kind: "local"; readonly stateDirectory: string }
  | { readonly kind: "remote"; readonly stateDirectory: null };

/** The local state unless told otherwise, so that nobody reaches production by leaving something out. */
export function chooseBackend(values: {
  readonly state?: string | undefined;
  readonly remote: boolean;
}): BackendChoice {
  if (values.remote && values.state !== undefined) throw new UsageError("Give --state or --remote, not both.");
  if (values.remote) return { kind: "remote", stateDirectory: null };
  return { kind: "local", stateDirectory: resolve(values.state ?? DEFAULT_STATE) };
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

async function openBackend({ stateDirectory }: BackendChoice): Promise<TrustBackend> {
  if (stateDirectory === null) return new WranglerBackend();
  // Brings the local runtime with it, which --remote need not wait for.
  const { LocalBackend } = await import("./local-backend.ts");
  return LocalBackend.open(stateDirectory);
}
