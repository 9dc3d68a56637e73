import { describe, expect, it } from "vitest";
import { readCorpus } from "../../fuzz/corpus.ts";
import { mutate } from "../../fuzz/mutation.ts";
import { TARGETS } from "../../fuzz/targets.ts";
import { Random } from "../../torture/random.ts";

/** What fuzzing found worth keeping, and a few more like it each time: `npm run fuzz` goes on for as long as it is let. */
const MUTATED = 300;

describe.each(TARGETS)("$name", (target) => {
  const { words } = target;
  const corpus = readCorpus(target);

  it("keeps its promises over the corpus that is kept", async () => {
    for (const input of corpus) await target.run(input);
    expect(corpus.length).toBeGreaterThanOrEqual(target.seeds.length);
  });

  it(`keeps them over ${MUTATED} inputs made of it`, async () => {
    const random = new Random(20_261_121);
    for (let left = MUTATED; left > 0; left -= 1) {
      const [one, other] = [corpus[random.below(corpus.length)], corpus[random.below(corpus.length)]];
      if (one === undefined || other === undefined) throw new TypeError("no corpus");
      await target.run(mutate(one, other, { random, words }));
    }
    expect(corpus.length).toBeGreaterThan(0);
  });
});
