/** What a client was told of one presentation: Jepsen's ok, fail and info, where info is not to know. */
export type Told =
  | { readonly outcome: "ok"; readonly tokenId: string }
  | { readonly outcome: "fail"; readonly error: string }
  | { readonly outcome: "info"; readonly status: number | null };

export interface Presentation {
  /** The ID-JAG's `jti`. */
  readonly assertion: string;
  readonly told: Told;
  /** Ours, from the answer; null where there was none. */
  readonly correlationId: string | null;
}

/** Every presentation of a run, in the order in which they ended. */
export class History {
  readonly presentations: Presentation[] = [];

  add(presentation: Presentation): void {
    this.presentations.push(presentation);
  }

  /** @returns what each assertion's presentations were told. */
  byAssertion(): ReadonlyMap<string, readonly Told[]> {
    const told = new Map<string, Told[]>();
    for (const { assertion, told: one } of this.presentations) {
      told.set(assertion, [...(told.get(assertion) ?? []), one]);
    }
    return told;
  }
}
