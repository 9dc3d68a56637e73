import { ConfigInvalid } from "../config.ts";
import { LIMITS } from "../limits.ts";

/** @throws ConfigInvalid */
export function requireSecret(name: string, value: string | undefined): string {
  if ((value?.length ?? 0) >= LIMITS.secretCharacters && value !== undefined) return value;
  throw new ConfigInvalid(`${name} is missing or short; set it with: npx wrangler secret put ${name}`);
}
