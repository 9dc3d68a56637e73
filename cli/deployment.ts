import type { EgressRules } from "../src/egress/url-policy.ts";
import { egressRulesFor } from "./issuer.ts";
import { WRANGLER_CONFIG_PATH } from "./project-paths.ts";

/** Whose documents these are to be: what it calls itself, and what it will therefore allow them to point at. */
export interface Deployment {
  readonly issuer: string;
  readonly rules: EgressRules;
}

/** What `crossgate dev` calls itself when nobody says otherwise. */
const LOCAL_ISSUER = "http://127.0.0.1:8787";

export interface DeploymentOptions {
  readonly issuer?: string | undefined;
  /** For a Crossgate on this machine, where plain-http loopback addresses are allowed. */
  readonly isLocal: boolean;
}

/** @throws UsageError for an issuer that no Crossgate can have */
export async function findDeployment({ issuer, isLocal }: DeploymentOptions): Promise<Deployment> {
  const found = issuer ?? (isLocal ? LOCAL_ISSUER : await configuredIssuer());
  return { issuer: found, rules: egressRulesFor(found) };
}

async function configuredIssuer(): Promise<string> {
  const { unstable_readConfig: readConfig } = await import("wrangler");
  const { vars } = readConfig({ config: WRANGLER_CONFIG_PATH });
  return String(vars["ISSUER"]);
}
