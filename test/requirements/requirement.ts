/** Something that a specification, or an inference from one, asks of somebody in this protocol. */
export interface Requirement {
  readonly id: string;
  /** Inferred obligations count as what they say; a note obliges nobody and is kept for its fact. */
  readonly level: "MUST" | "SHOULD" | "MAY" | "note";
  readonly source: string;
  readonly says: string;
  /** Why no test proves it here; null where tests must. */
  readonly excluded: string | null;
}

type Level = Requirement["level"];

/** Ours to keep: at least one test names it, when it is a MUST. */
export function ours(id: string, level: Level, source: string, says: string): Requirement {
  return { id, level, source, says, excluded: null };
}

/** The identity provider's: the demo's and the journeys' provider keeps it, we only rely on what can be checked. */
export function identityProviders(id: string, level: Level, source: string, says: string): Requirement {
  return { id, level, source, says, excluded: "the identity provider's part" };
}

/** The MCP client's: the official clients that the journeys run keep it. */
export function clients(id: string, level: Level, source: string, says: string): Requirement {
  return { id, level, source, says, excluded: "the client's part" };
}

/** Nothing here does what it is about. */
export function notOffered(
  id: string,
  { level, source, says }: { readonly level: Level; readonly source: string; readonly says: string },
  why: string,
): Requirement {
  return { id, level, source, says, excluded: why };
}
