import { Random } from "../torture/random.ts";
import type { Coverage } from "./coverage.ts";
import { mutate } from "./mutation.ts";
import type { Target } from "./target.ts";

type Bytes = Uint8Array<ArrayBuffer>;

export interface Finding {
  readonly input: Bytes;
  readonly why: string;
}

export interface Campaign {
  readonly target: string;
  readonly executions: number;
  /** Those inputs that made code run which no earlier one had. */
  readonly corpus: readonly Bytes[];
  /** Characters of code. */
  readonly covered: number;
  /** When something new was last found, of the whole time. */
  readonly lastNewAtSeconds: number;
  readonly finding: Finding | null;
}

interface Rules {
  readonly target: Target;
  readonly coverage: Coverage;
  readonly start: readonly Bytes[];
  readonly seconds: number;
  readonly seed: number;
}

const BATCH = 400;
/** No input of a few kilobytes may take this long. */
const SLOW_MILLISECONDS = 2000;

/** Inputs made of those that reached something new, until the time is up or a promise is broken. */
export async function fuzz({ target, coverage, start, seconds, seed }: Rules): Promise<Campaign> {
  const random = new Random(seed);
  const [from, until] = [performance.now(), performance.now() + seconds * 1000];
  const corpus: Bytes[] = [];
  let [executions, lastNewAtSeconds] = [0, 0];
  const finish = (finding: Finding | null): Campaign => {
    return { target: target.name, executions, corpus, covered: coverage.size, lastNewAtSeconds, finding };
  };
  /** Halves it until it is known which ones they were: asking what has run takes longer than running it. */
  const keepNew = async (inputs: readonly Bytes[]): Promise<void> => {
    await findBroken(target, inputs);
    const [only, ...others] = inputs;
    if (only === undefined || !(await coverage.hasNew())) return;
    if (others.length > 0) {
      const middle = Math.ceil(inputs.length / 2);
      await keepNew(inputs.slice(0, middle));
      return keepNew(inputs.slice(middle));
    }
    await findBroken(target, inputs);
    if ((await coverage.take()) === 0) return;
    corpus.push(only);
    lastNewAtSeconds = (performance.now() - from) / 1000;
  };
  let batch = start;
  do {
    executions += batch.length;
    // oxlint-disable-next-line no-await-in-loop -- each batch is made of what the ones before reached
    const finding = await findBroken(target, batch);
    // oxlint-disable-next-line no-await-in-loop -- as above
    if (finding !== null) return finish(await minimize(target, finding));
    // oxlint-disable-next-line no-await-in-loop -- as above
    if (await coverage.hasNew()) await keepNew(batch);
    batch = makeBatch(corpus.length > 0 ? corpus : start, random, target);
  } while (performance.now() < until);
  return finish(null);
}

function makeBatch(corpus: readonly Bytes[], random: Random, { words }: Target): readonly Bytes[] {
  return Array.from({ length: BATCH }, () => make(corpus, random, words));
}

function make(corpus: readonly Bytes[], random: Random, words: readonly string[]): Bytes {
  // The latest ones reach the furthest.
  const at = random.happens(0.5) ? random.below(corpus.length) : Math.max(0, corpus.length - 1 - random.below(20));
  const [input, other] = [corpus[at], corpus[random.below(corpus.length)]];
  return mutate(input ?? new Uint8Array(), other ?? new Uint8Array(), { random, words });
}

async function findBroken(target: Target, inputs: readonly Bytes[]): Promise<Finding | null> {
  for (const input of inputs) {
    const begunAt = performance.now();
    try {
      // oxlint-disable-next-line no-await-in-loop -- one after the other, so that it is known which one it was
      await target.run(input);
    } catch (error) {
      return { input, why: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
    }
    if (performance.now() - begunAt > SLOW_MILLISECONDS)
      return { input, why: `took more than ${SLOW_MILLISECONDS} ms` };
  }
  return null;
}

/** Pieces are taken out for as long as the same promise is broken. */
async function minimize(target: Target, finding: Finding): Promise<Finding> {
  let { input } = finding;
  for (let size = Math.ceil(input.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < input.length;) {
      const shorter = Uint8Array.from([...input.subarray(0, at), ...input.subarray(at + size)]);
      // oxlint-disable-next-line no-await-in-loop -- each begins where the one before ended
      const again = await findBroken(target, [shorter]);
      if (again?.why === finding.why) input = shorter;
      else at += size;
    }
  }
  return { ...finding, input };
}
