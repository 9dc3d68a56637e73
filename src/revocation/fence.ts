/** Who may say that something is blocked; each is heard by itself, so that none lifts what another one has said. */
export type BlockSource = "operator" | `signal:${string}` | `purged:${string}`;

/** The latest word of one source. */
export interface Block {
  readonly atMilliseconds: number;
  readonly isBlocked: boolean;
}

/**
 * What is no longer good. Fences form a join-semilattice: `joinFences` is commutative, associative and idempotent, and
 * every signal is itself a fence. So signals may come late, twice and in any order and end in the same state, and no
 * late one takes back what a newer one has said.
 */
export interface Fence {
  /** `fence-names.ts` makes it. */
  readonly name: string;
  /** Whatever rests on a sign-in at or before this instant is dead; 0 where nothing is. Only ever grows. */
  readonly notBeforeMilliseconds: number;
  /** By source. Dead, however fresh the sign-in, while any of them is blocked. */
  readonly blocks: Readonly<Record<string, Block>>;
  /** When nothing can be alive any more that this fence would stop; null: never. */
  readonly expiresAtMilliseconds: number | null;
}

/** What a decision rests on, and when the user signed in for it (`auth_time`, else when the assertion was issued). */
export interface FencedFacts {
  readonly names: readonly string[];
  readonly signedInAtMilliseconds: number;
}

export function signInAgain(name: string, notBeforeMilliseconds: number): Fence {
  return { name, notBeforeMilliseconds, blocks: {}, expiresAtMilliseconds: null };
}

export function block(name: string, source: BlockSource, word: Block): Fence {
  return { name, notBeforeMilliseconds: 0, blocks: { [source]: word }, expiresAtMilliseconds: null };
}

/** Both must be of the same name. */
export function joinFences(one: Fence, other: Fence): Fence {
  return {
    name: one.name,
    notBeforeMilliseconds: Math.max(one.notBeforeMilliseconds, other.notBeforeMilliseconds),
    blocks: joinBlocks(one.blocks, other.blocks),
    expiresAtMilliseconds: latest(one.expiresAtMilliseconds, other.expiresAtMilliseconds),
  };
}

/** At the sign-in's very instant it counts as before: which of the two came first, nobody knows. */
export function stops({ notBeforeMilliseconds, blocks }: Fence, signedInAtMilliseconds: number): boolean {
  return signedInAtMilliseconds <= notBeforeMilliseconds || Object.values(blocks).some(({ isBlocked }) => isBlocked);
}

/** The same state, whatever order its members are in. */
export function isSameFence(one: Fence, other: Fence): boolean {
  return spell(one) === spell(other);
}

function spell({ blocks, ...fence }: Fence): string {
  const words = Object.entries(blocks).map(([source, word]) => [source, word.atMilliseconds, word.isBlocked] as const);
  return JSON.stringify([
    fence.name,
    fence.notBeforeMilliseconds,
    fence.expiresAtMilliseconds,
    words.toSorted(([left], [right]) => (left < right ? -1 : 1)),
  ]);
}

function joinBlocks(one: Fence["blocks"], other: Fence["blocks"]): Fence["blocks"] {
  const joined = new Map(Object.entries(one));
  for (const [source, word] of Object.entries(other)) {
    const known = joined.get(source);
    joined.set(source, known === undefined ? word : laterWord(known, word));
  }
  return Object.fromEntries(joined);
}

/** Of two words said at the same instant, the one that blocks. */
function laterWord(one: Block, other: Block): Block {
  if (one.atMilliseconds === other.atMilliseconds) return one.isBlocked ? one : other;
  return one.atMilliseconds > other.atMilliseconds ? one : other;
}

function latest(one: number | null, other: number | null): number | null {
  return one === null || other === null ? null : Math.max(one, other);
}
