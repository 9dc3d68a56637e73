import { UsageError } from "./command-error.ts";

const DEFAULT_DIRECTORY = "config";

/** The one trust directory that a command takes. @throws UsageError for more than one word */
export function takeDirectory(positionals: readonly string[]): string {
  const [directory = DEFAULT_DIRECTORY, ...surplus] = positionals;
  if (surplus.length > 0) throw new UsageError(`Unexpected "${surplus.join(" ")}": give one directory.`);
  return directory;
}
