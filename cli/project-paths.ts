import { join } from "node:path";

export const PROJECT_DIRECTORY = join(import.meta.dirname, "..");
export const WRANGLER_CONFIG_PATH = join(PROJECT_DIRECTORY, "wrangler.toml");
export const MIGRATIONS_DIRECTORY = join(PROJECT_DIRECTORY, "migrations");
