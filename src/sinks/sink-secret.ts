import type { Sink } from "../trust/sink.ts";

/** Why a sink cannot be fed as it is configured; nothing of a secret is in it. */
export class SinkMisconfigured extends Error {
  override readonly name = "SinkMisconfigured";
  readonly flaw: "secret_missing" | "secret_malformed" | "secret_of_another_origin" | "vault_unavailable";
  constructor(flaw: SinkMisconfigured["flaw"]) {
    super(flaw);
    this.flaw = flaw;
  }
}

/** A secret of the vault that names this address among its resources. */
export type RevealNamed = (name: string, url: string) => Promise<{ readonly value: string } | string>;

interface SecretSources {
  /** Of the Worker. */
  readonly secrets: object;
  readonly reveal: RevealNamed;
}

/**
 * The secret of a sink. Each says where it may be sent: whoever edits documents chooses where records go, and must not be
 * able to have a secret sent there that he does not know. @throws SinkMisconfigured
 */
export async function readSinkSecret(
  { secret, vault_secret, url }: Pick<Sink, "secret" | "vault_secret" | "url">,
  { secrets, reveal }: SecretSources,
): Promise<string | null> {
  if (vault_secret !== undefined) return readVaultSecret(vault_secret, url, reveal);
  return secret === undefined ? null : readWorkerSecret(secret, url, secrets);
}

async function readVaultSecret(name: string, url: string, reveal: RevealNamed): Promise<string> {
  const revealed = await reveal(name, url).catch(() => "unreachable");
  if (typeof revealed !== "string") return revealed.value;
  if (revealed === "absent") throw new SinkMisconfigured("secret_missing");
  throw new SinkMisconfigured(revealed === "not_for_resource" ? "secret_of_another_origin" : "vault_unavailable");
}

/** Its text begins with the origin that it may be sent to. */
function readWorkerSecret(secret: string, url: string, secrets: object): string {
  const text: unknown = Object.entries(secrets).find(([name]) => name === `SINK_${secret}`)?.[1];
  if (typeof text !== "string") throw new SinkMisconfigured("secret_missing");
  const [, origin, value] = /^(\S+) +(\S.*\S)\s*$/.exec(text) ?? [];
  if (origin === undefined || value === undefined) throw new SinkMisconfigured("secret_malformed");
  if (origin !== new URL(url).origin) throw new SinkMisconfigured("secret_of_another_origin");
  return value;
}
