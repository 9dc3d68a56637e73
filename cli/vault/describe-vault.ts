import type { SecretDescription, VaultState } from "./secret-vault.ts";

export function describeSecret({ name, resources, kid, created_at, last_used_at }: SecretDescription): string {
  const used = last_used_at === null ? "never used" : `last used ${last_used_at}`;
  const where = resources === null ? "any server" : resources.join(" ");
  return `${name}  created ${created_at}  ${used}  key ${kid}  ${where}\n`;
}

export function describeVault({ current_kid: current, secrets_by_kid, vaults, rotation }: VaultState): string {
  const counts = Object.entries(secrets_by_kid).map(
    ([kid, count]) => `  secrets    ${count} under ${kid}${mark(kid, current)}`,
  );
  const key =
    current === null
      ? "  key        none: VAULT_KEYS is missing or does not parse; servers that need a secret answer 503"
      : `  key        ${current}`;
  return `${[key, ...counts, `  vaults     ${vaults}`, `  rotation   ${describeRotation(rotation, vaults)}`].join("\n")}\n`;
}

function mark(kid: string, current: string | null): string {
  return kid === current ? "" : ", which is not the current key: run crossgate vault rotate";
}

function describeRotation(rotation: VaultState["rotation"], vaults: number): string {
  if (rotation === null) return "none yet";
  const { started_at, finished_at, vaults_done, rewrapped, damaged, failures } = rotation;
  const when = finished_at === null ? `begun ${started_at}` : `finished ${finished_at}`;
  const trouble = [
    ...(damaged === 0 ? [] : [`${damaged} damaged or under a key that is gone: set them anew`]),
    ...(failures === 0 ? [] : [`failed ${failures} times in a row, and is tried again`]),
  ];
  return [`${when}: ${vaults_done} of ${vaults} vaults, ${rewrapped} records wrapped anew`, ...trouble].join("; ");
}
