import { CommandError } from "../command-error.ts";

/** There is a database and nothing in it: told apart, because everything else still works. */
export class AuditIndexMissing extends CommandError {
  override readonly name = "AuditIndexMissing";
}

export function isMissingTable(error: unknown): boolean {
  return error instanceof Error && /no such table/.test(error.message);
}
