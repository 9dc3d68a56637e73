import type { Random } from "../torture/random.ts";

type Bytes = Uint8Array<ArrayBuffer>;
type Change = (input: Bytes, random: Random, words: readonly string[]) => Bytes;

const encoder = new TextEncoder();
const LONGEST_BYTES = 8192;
const NUMBERS = ["0", "-0", "-1", "1e400", "1e-400", "9007199254740993", "1.5", "00", "4294967296"];
/** What parsers disagree about. */
const AWKWARD = [
  "\uFEFF",
  "\u0000",
  "\u2028",
  "%00",
  "%2e%2e",
  "\\u0000",
  "__proto__",
  "\u017f",
  "\u212a",
  "\r\n",
  "\\",
];

const CHANGES: readonly Change[] = [
  (input, random) => input.with(random.below(input.length), random.below(256)) as Bytes,
  (input, random) => {
    const index = random.below(input.length);
    return input.with(index, (input[index] ?? 0) ^ (1 << random.below(8))) as Bytes;
  },
  (input, random) => splice(input, at(input, random), 1 + random.below(8), new Uint8Array()),
  (input, random) => splice(input, at(input, random), random.below(input.length), new Uint8Array()),
  (input, random) => splice(input, at(input, random), 0, Uint8Array.of(random.below(256))),
  (input, random) => {
    const from = at(input, random);
    return splice(input, at(input, random), 0, input.slice(from, from + 1 + random.below(32)));
  },
  (input, random, words) => splice(input, at(input, random), random.below(4), pick(words, random)),
  (input, random, words) => splice(input, at(input, random), 0, pick(words, random)),
  (input, random) => splice(input, at(input, random), random.below(3), pick(NUMBERS, random)),
  (input, random) => splice(input, at(input, random), 0, pick(AWKWARD, random)),
  (input, random) => {
    const from = at(input, random);
    const piece = input.slice(from, from + 1 + random.below(8));
    return splice(input, from, 0, repeat(piece, 1 + random.below(80)));
  },
];

/** One input made of another, or of two, by a few changes. */
export function mutate(
  input: Bytes,
  other: Bytes,
  { random, words }: { random: Random; words: readonly string[] },
): Bytes {
  let changed = random.happens(0.1) ? cross(input, other, random) : input;
  for (let left = 1 + random.below(5); left > 0; left -= 1) {
    const change = CHANGES[random.below(CHANGES.length)];
    if (change !== undefined) changed = change(changed.length === 0 ? Uint8Array.of(0) : changed, random, words);
  }
  return changed.slice(0, LONGEST_BYTES);
}

function cross(input: Bytes, other: Bytes, random: Random): Bytes {
  return splice(input.slice(0, at(input, random)), input.length, 0, other.slice(at(other, random)));
}

function splice(input: Bytes, from: number, removed: number, inserted: Uint8Array): Bytes {
  const head = input.subarray(0, from);
  const tail = input.subarray(Math.min(input.length, from + removed));
  const spliced = new Uint8Array(head.length + inserted.length + tail.length);
  spliced.set(head);
  spliced.set(inserted, head.length);
  spliced.set(tail, head.length + inserted.length);
  return spliced;
}

function repeat(piece: Bytes, times: number): Bytes {
  const repeated = new Uint8Array(piece.length * times);
  for (let time = 0; time < times; time += 1) repeated.set(piece, time * piece.length);
  return repeated;
}

function pick(words: readonly string[], random: Random): Bytes {
  return encoder.encode(words[random.below(words.length)] ?? "");
}

function at(input: Bytes, random: Random): number {
  return random.below(input.length + 1);
}
