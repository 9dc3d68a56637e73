/**
 * What a check gives that establishes no value, only that it was made and said yes. Later checks and the ledger demand
 * it by the check's name, so that a list without the check, or with it too late, does not compile.
 */
export class Passed<Check extends string> {
  readonly #check: Check;

  constructor(check: Check) {
    this.#check = check;
  }

  get check(): Check {
    return this.#check;
  }
}
