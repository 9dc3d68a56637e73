/** A promise about what strangers send, to be broken. */
export interface Target {
  readonly name: string;
  /** What it promises, as a sentence. */
  readonly promises: string;
  /** Words of its language, which chance would be long in finding. */
  readonly words: readonly string[];
  readonly seeds: readonly string[];
  /** @throws Broken, or anything that it promises not to throw */
  readonly run: (input: Uint8Array<ArrayBuffer>) => void | Promise<void>;
}

/** A promise that did not hold. */
export class Broken extends Error {
  override readonly name = "Broken";
}

/** @throws Broken */
export function hold(condition: boolean, promise: string): void {
  if (!condition) throw new Broken(promise);
}

/** @returns null where it throws what it may throw. */
export function orRefused<Value>(Refusal: abstract new (...given: never[]) => Error, read: () => Value): Value | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}

/** Bytes as text, one character a byte, and as UTF-8. */
export function toText(input: Uint8Array): string {
  return new TextDecoder().decode(input);
}
