import { LIMITS } from "../../limits.ts";

export type Era = "stateless" | "sessions";

interface Known {
  readonly era: Era;
  readonly atMilliseconds: number;
}

/** In which era of MCP each member speaks, as this isolate last learned it. */
export class MemberEras {
  readonly #known = new Map<string, Known>();

  /** @param member its identifier and revision: another address may be another server */
  find(member: string): Era | null {
    const known = this.#known.get(member);
    return known !== undefined && Date.now() - known.atMilliseconds < LIMITS.memberEraFreshMilliseconds
      ? known.era
      : null;
  }

  learn(member: string, era: Era): void {
    this.#known.delete(member);
    this.#known.set(member, { era, atMilliseconds: Date.now() });
    const [oldest] = this.#known.keys();
    if (this.#known.size > LIMITS.memberErasKnown && oldest !== undefined) this.#known.delete(oldest);
  }

  /** It answers as if it spoke another one now. */
  forget(member: string): void {
    this.#known.delete(member);
  }
}
