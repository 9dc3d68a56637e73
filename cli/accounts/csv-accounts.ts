import { CsvError, parse } from "csv-parse/sync";
import { CommandError } from "../command-error.ts";
import type { AccountDraft } from "./account-draft.ts";

const COLUMNS = ["account", "name", "emails", "issuer", "tenant", "sub"] as const;
type Column = (typeof COLUMNS)[number];

interface Row {
  readonly record: readonly string[];
  /** Of the file, from 1; the last one of a row that is spread over several. */
  readonly line: number;
}

/** CSV (RFC 4180) with a header; a row is an account, and may bind one subject to it. @throws CommandError */
export function readCsvAccounts(path: string, text: string): readonly AccountDraft[] {
  const [header, ...rows] = parseRows(path, text);
  if (header === undefined) throw new CommandError(`${path} is empty. Begin it with a header: ${COLUMNS.join(",")}`);
  const columns = readHeader(path, header);
  return rows.map(({ record, line }) => ({
    where: `line ${line}`,
    value: readRow(columns, record),
    memberName: columnName,
  }));
}

function parseRows(path: string, text: string): readonly Row[] {
  try {
    const rows: unknown = parse(text, { info: true, skip_empty_lines: true });
    return (rows as readonly { record: readonly string[]; info: { lines: number } }[]).map(({ record, info }) => ({
      record,
      line: info.lines,
    }));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const { lines } = error as { readonly lines?: number };
    throw new CommandError(`${path} line ${lines ?? 1}: ${FLAWS[error.code] ?? "not CSV"}. Correct it there.`);
  }
}

/** In our words, since those of the library quote what is in the cell. */
const FLAWS: Readonly<Record<string, string>> = {
  CSV_RECORD_INCONSISTENT_FIELDS_LENGTH: "not as many cells as the header has; a comma within a cell needs quotes",
  CSV_QUOTE_NOT_CLOSED: "a quote is opened and not closed",
  INVALID_OPENING_QUOTE: "a quote within a cell; write the cell in quotes and this one twice",
  CSV_INVALID_CLOSING_QUOTE: "a quote within a cell; write it twice",
};

function readHeader(path: string, { record, line }: Row): readonly Column[] {
  const problem = findHeaderProblem(record);
  if (problem === null) return record as readonly Column[];
  throw new CommandError(`${path} line ${line}: ${problem}. The columns there are: ${COLUMNS.join(", ")}.`);
}

function findHeaderProblem(names: readonly string[]): string | null {
  const unknown = names.find((name) => !COLUMNS.some((column) => column === name));
  if (unknown !== undefined) return `there is no column "${unknown.slice(0, 64)}"`;
  const repeated = names.find((name, index) => names.indexOf(name) < index);
  if (repeated !== undefined) return `the column "${repeated}" is there twice`;
  if (!names.includes("account")) return 'the column "account" is missing';
  const isHalf =
    names.includes("sub") !== names.includes("issuer") || (names.includes("tenant") && !names.includes("sub"));
  return isHalf ? "a subject is issuer and sub together, and tenant with both" : null;
}

function readRow(columns: readonly Column[], record: readonly string[]): unknown {
  const cell = (column: Column): string => record[columns.indexOf(column)] ?? "";
  const [issuer, tenant, sub] = [cell("issuer"), cell("tenant"), cell("sub")];
  const hasSubject = issuer !== "" || tenant !== "" || sub !== "";
  return {
    account: cell("account"),
    name: cell("name"),
    emails: cell("emails")
      .split(" ")
      .filter((email) => email !== ""),
    subjects: hasSubject ? [{ issuer, tenant: tenant === "" ? null : tenant, sub }] : [],
  };
}

/** `subjects.0.sub` is the column sub, `emails.1` the column emails. */
function columnName(path: string): string {
  const column = path.replace(/^subjects\.0\./, "").replace(/\.\d+$/, "");
  return `column ${column}`;
}
