import type { Sink } from "../trust/sink.ts";

/** Why a sink cannot be fed as it is configured; nothing of a secret is in it. */
export class SinkMisconfigured extends Error {
  override readonly name = "SinkMisconfigured";
  readonly flaw: "secret_missing" | "secret_malformed" | "secret_of_another_origin";
  constructor(flaw: SinkMisconfigured["flaw"]) {
    super(flaw);
    this.flaw = flaw;
  }
}

/**
 * The secret of a sink. Its text begins with the origin that it may be sent to: whoever edits documents chooses where
 * records go, and must not be able to have a secret sent there that he does not know. @throws SinkMisconfigured
 */
export function readSinkSecret({ secret, url }: Pick<Sink, "secret" | "url">, secrets: object): string | null {
  if (secret === undefined) return null;
  const text: unknown = Object.entries(secrets).find(([name]) => name === `SINK_${secret}`)?.[1];
  if (typeof text !== "string") throw new SinkMisconfigured("secret_missing");
  const [, origin, value] = /^(\S+) +(\S.*\S)\s*$/.exec(text) ?? [];
  if (origin === undefined || value === undefined) throw new SinkMisconfigured("secret_malformed");
  if (origin !== new URL(url).origin) throw new SinkMisconfigured("secret_of_another_origin");
  return value;
}
