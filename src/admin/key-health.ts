import { LIMITS } from "../limits.ts";
import type { VaultState } from "./dependencies.ts";
import type { HealthFinding } from "./health-finding.ts";

/** How each secret of keys is rotated. */
const ROTATIONS: Readonly<Record<string, string>> = {
  SIGNING_KEYS: "npx crossgate keys rotate, and put the result as SIGNING_KEYS.",
  AUDIT_SIGNING_KEYS: "npx crossgate keys rotate, and put the result as AUDIT_SIGNING_KEYS.",
  VAULT_KEYS: "npx crossgate keys rotate --vault, put the result as VAULT_KEYS, then npx crossgate vault rotate.",
};

export function keyFindings(since: Readonly<Record<string, number>>, now: number): readonly HealthFinding[] {
  const old = Object.entries(since).filter(([, at]) => (now - at) / 1000 >= LIMITS.signingKeyAgeSeconds);
  return old.map(([secret, at]) => ({
    severity: "warn",
    what: "keys_due",
    says: `The current key of ${secret} has not changed since ${new Date(at).toISOString()}.`,
    fix: ROTATIONS[secret] ?? "Rotate it.",
  }));
}

/** Of what MCP servers are presented with. */
export function vaultFindings(vault: VaultState | null): readonly HealthFinding[] {
  if (vault === null) {
    const says = "The vault does not answer: MCP servers that need a credential answer 503.";
    return [{ severity: "alert", what: "vault_unavailable", says, fix: "See the status of Durable Objects." }];
  }
  return vault.currentKid === null ? [keysMissing(vault)] : rotationFindings(vault, vault.currentKid);
}

function keysMissing({ secretsByKey }: VaultState): HealthFinding {
  const isNeeded = Object.keys(secretsByKey).length > 0;
  return {
    severity: isNeeded ? "alert" : "warn",
    what: "vault_keys_missing",
    says: "VAULT_KEYS is missing or does not parse: nothing that lies in the vault can be read.",
    fix: "Put back the key set that was there; where the vault is empty: npx crossgate keys new --vault.",
  };
}

function rotationFindings({ secretsByKey, rotation }: VaultState, currentKid: string): readonly HealthFinding[] {
  const isRunning = rotation !== null && rotation.finishedAtMilliseconds === null;
  const others = Object.entries(secretsByKey).filter(([kid]) => kid !== currentKid);
  const left = others.reduce((total, [, count]) => total + count, 0);
  const findings = [
    {
      isSo: left > 0 && !isRunning,
      what: "vault_rotation_due",
      says: `${left} secrets of the vault are still under a key that is not the current one of VAULT_KEYS.`,
      fix: "npx crossgate vault rotate",
    },
    {
      isSo: isRunning && rotation.failures > 0,
      what: "vault_rotation_failing",
      says: `The rotation of the vault's keys has failed ${rotation?.failures ?? 0} times in a row.`,
      fix: "It goes on by itself; when it lasts, see the status of Durable Objects and VAULT_KEYS.",
    },
    {
      isSo: (rotation?.damaged ?? 0) > 0,
      what: "vault_damaged",
      says: `${rotation?.damaged ?? 0} records of the vault are not what was stored, or under a key that is gone.`,
      fix: "Put back the key that is missing from VAULT_KEYS, or set those secrets again; then npx crossgate vault rotate.",
    },
  ];
  return findings.flatMap(({ isSo, ...finding }) => (isSo ? [{ severity: "warn" as const, ...finding }] : []));
}
