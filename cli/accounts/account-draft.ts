/** An account as a file has it, before anybody looked whether it is one. */
export interface AccountDraft {
  /** As a person finds it: `line 3`, `accounts.2`. */
  readonly where: string;
  readonly value: unknown;
  /** What the file calls a member of it: a path as in `emails.0`, or the name of a column. */
  readonly memberName: (path: string) => string;
}
