import type { Statement } from "../../src/audit/statement.ts";
import { CommandError } from "../command-error.ts";

/** As text alone, with its values in it: what wrangler executes has no parameters. @throws CommandError */
export function spellStatement({ sql, values }: Statement): string {
  return sql.replaceAll(/\?(\d+)/g, (_whole, number: string) => spellValue(values[Number(number) - 1] ?? ""));
}

function spellValue(value: string | number): string {
  if (typeof value === "number") return String(value);
  // SQLite ends a statement there, whatever comes after it.
  if (value.includes("\u0000")) throw new CommandError("What is asked for holds no NUL.");
  return `'${value.replaceAll("'", "''")}'`;
}
