/** One security mistake that somebody could make: what it would break, and which tests must then fail. */
export interface Mutant {
  /** Area and mistake: `redemption/expiry-ignored`. */
  readonly id: string;
  /** What no longer holds with it, as a sentence's end: "an expired assertion …". */
  readonly breaks: string;
  readonly file: string;
  /** Found exactly once in the file, to the character. */
  readonly snippet: string;
  readonly replacement: string;
  /** At least one of them must fail. */
  readonly tests: readonly string[];
}

/** The mistakes of one file that the same tests must notice. */
interface Seeds {
  readonly area: string;
  readonly file: string;
  readonly tests: readonly string[];
  /** Name, what it breaks, the snippet, and what stands in its place. */
  readonly mistakes: readonly (readonly [name: string, breaks: string, snippet: string, replacement: string])[];
}

export function seed({ area, file, tests, mistakes }: Seeds): readonly Mutant[] {
  return mistakes.map(([name, breaks, snippet, replacement]) => ({
    id: `${area}/${name}`,
    breaks,
    file,
    snippet,
    replacement,
    tests,
  }));
}

/** How often `text` holds the mutant's snippet: once, or the mutant is out of date. */
export function countSnippet({ snippet }: Pick<Mutant, "snippet">, text: string): number {
  return text.split(snippet).length - 1;
}
