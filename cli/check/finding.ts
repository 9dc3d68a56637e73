import { inertLines } from "../inert-text.ts";

/** Something about the documents that their author should know, with what to do about it. */
export interface Finding {
  /** An error does something else than it says, or cannot work; a warning is useless or surprising. */
  readonly severity: "error" | "warning";
  readonly file: string;
  /** Where in the document, as in `rules.2.resources`; empty for the whole of it. */
  readonly at: string;
  readonly problem: string;
  readonly fix: string;
}

export function describeFinding({ severity, file, at, problem, fix }: Finding): string {
  return inertLines(`${severity}  ${file}: ${at === "" ? "" : `${at}: `}${problem}\n         ${fix}`);
}

export function compareFindings(a: Finding, b: Finding): number {
  return order(a.file, b.file) || order(a.at, b.at) || order(a.problem, b.problem);
}

function order(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
