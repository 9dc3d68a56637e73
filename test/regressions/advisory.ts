/** A mistake that somebody else made with the same kind of software, and that was published. */
export interface Advisory {
  /** CVE or GHSA, or project#number of an issue or change, or project@version of a changelog. */
  readonly id: string;
  readonly where: string;
  readonly wentWrong: string;
  /** Why no test of ours is about it; null where one must be. */
  readonly excluded: string | null;
}

export function advisory(id: string, where: string, wentWrong: string): Advisory {
  return { id, where, wentWrong, excluded: null };
}

/** Nothing here does what it is about. */
export function notOurs({ id, where, wentWrong }: Omit<Advisory, "excluded">, why: string): Advisory {
  return { id, where, wentWrong, excluded: why };
}
