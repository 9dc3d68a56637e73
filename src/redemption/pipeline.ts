import { Outage, type Reason } from "../audit/reason.ts";
import { Rejected } from "./rejection.ts";

/** Returns what it establishes, or throws `Rejected` or `Outage`. */
export type Check<Needs, Gives, Dependencies> = (known: Needs, dependencies: Dependencies) => Gives | Promise<Gives>;

export type Outcome<Known> =
  | { readonly completed: true; readonly known: Known }
  | {
      readonly completed: false;
      /** The name of the check that ended it. */
      readonly refusedAt: string;
      readonly reason: Reason;
      readonly kind: "refusal" | "outage" | "fault";
      /** What was thrown: for the log of a fault, by its class and nothing else. */
      readonly cause: unknown;
      /** What earlier checks had established, for the audit record. */
      readonly known: Partial<Known>;
    };

/** What a check gives may not overwrite what an earlier one established. */
type Fresh<Known, Gives> = Gives & { readonly [Name in keyof Known & keyof Gives]: never };

interface Step {
  readonly name: string;
  readonly check: Check<never, object, never>;
}

/**
 * An ordered list of checks whose order is a type: a check that reads what no earlier one established does not
 * compile. `order` is data, so that the README's table and the tests read the very list that runs.
 */
export class Pipeline<Start extends object, Known extends object, Dependencies> {
  readonly #steps: readonly Step[];

  private constructor(steps: readonly Step[]) {
    this.#steps = steps;
  }

  static of<Start extends object, Dependencies>(): Pipeline<Start, Start, Dependencies> {
    return new Pipeline([]);
  }

  get order(): readonly string[] {
    return this.#steps.map((step) => step.name);
  }

  check<Gives extends object>(
    name: string,
    check: Check<Known, Fresh<Known, Gives>, Dependencies>,
  ): Pipeline<Start, Known & Gives, Dependencies> {
    if (this.order.includes(name)) throw new TypeError(`two checks are named ${name}`);
    return new Pipeline([...this.#steps, { name, check }]);
  }

  async run(start: Start, dependencies: Dependencies): Promise<Outcome<Known>> {
    // Ours alone, and added to: a copy for each check would cost more than most checks do.
    const known: object = { ...start };
    for (const { name, check } of this.#steps) {
      try {
        const given = check(known as never, dependencies as never);
        // oxlint-disable-next-line no-await-in-loop -- each check may rely on all before it: they cannot overlap
        Object.assign(known, given instanceof Promise ? await given : given);
      } catch (error) {
        return { completed: false, refusedAt: name, ...classify(error), cause: error, known };
      }
    }
    return { completed: true, known: known as Known };
  }
}

function classify(error: unknown): { reason: Reason; kind: "refusal" | "outage" | "fault" } {
  if (error instanceof Rejected) return { reason: error.reason, kind: "refusal" };
  if (error instanceof Outage) return { reason: error.reason, kind: "outage" };
  return { reason: "fault", kind: "fault" };
}
