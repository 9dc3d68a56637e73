/** One question to the index, and what it is asked about: never spelled into it where a database takes values. */
export interface Statement {
  readonly sql: string;
  /** For ?1, ?2 … in order. A place, a number of 63 bits, travels as text. */
  readonly values: readonly (string | number)[];
}

export type IndexRow = Readonly<Record<string, unknown>>;

/** Whoever puts the question: a Worker to its database, a command by way of wrangler. */
export type Ask = (statement: Statement) => Promise<readonly IndexRow[]>;

/** The conditions of a question, and the values that they ask about. */
export class Conditions {
  readonly #values: (string | number)[] = [];
  readonly #texts: string[] = [];

  /** How `value` is spelled in the statement. */
  value(value: string | number): string {
    this.#values.push(value);
    return `?${this.#values.length}`;
  }

  add(text: string): void {
    this.#texts.push(text);
  }

  get where(): string {
    return this.#texts.length === 0 ? "" : ` WHERE ${this.#texts.join(" AND ")}`;
  }

  statement(sql: string): Statement {
    return { sql, values: this.#values };
  }
}
