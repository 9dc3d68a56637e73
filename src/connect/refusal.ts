import type { ConnectRefusal } from "../audit/reason.ts";
import type { Person } from "./journey.ts";

interface RefusalDetail extends ErrorOptions {
  /** Who it was, where an ID token has said so: for the record. */
  readonly person?: Person;
}

/** Why somebody's way ends here. Carries nothing of what was sent. */
export class ConnectRefused extends Error {
  override readonly name = "ConnectRefused";
  readonly reason: ConnectRefusal;
  readonly person: Person | null;
  constructor(reason: ConnectRefusal, { person, ...options }: RefusalDetail = {}) {
    super(reason, options);
    this.reason = reason;
    this.person = person ?? null;
  }
}
