import { Session } from "node:inspector/promises";

interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

/** Which of the project's own code has run, to the block, as V8 itself counts. */
export class Coverage {
  readonly #session = new Session();
  readonly #project: string;
  readonly #seen = new Map<string, Uint8Array>();

  private constructor(project: string) {
    this.#project = project;
  }

  /** Of the scripts below `project`, a URL of a directory. To be called before they are loaded. */
  static async start(project: string): Promise<Coverage> {
    const coverage = new Coverage(project);
    coverage.#session.connect();
    await coverage.#session.post("Profiler.enable");
    await coverage.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
    return coverage;
  }

  /** @returns whether code has run since it was last asked that had not run before. To be found again by `take`. */
  async hasNew(): Promise<boolean> {
    return (await this.#read()).some(({ url, now }) => this.#freshIn(url, now).length > 0);
  }

  /** @returns how many characters of code have run since it was last asked, and never before. */
  async take(): Promise<number> {
    let fresh = 0;
    for (const { url, now } of await this.#read()) {
      const offsets = this.#freshIn(url, now);
      fresh += offsets.length;
      if (offsets.length > 0) this.#add(url, now.length, offsets);
    }
    return fresh;
  }

  /** So many characters have run at all. */
  get size(): number {
    return [...this.#seen.values()].reduce((sum, script) => sum + script.reduce((count, bit) => count + bit, 0), 0);
  }

  stop(): void {
    this.#session.disconnect();
  }

  async #read(): Promise<readonly { readonly url: string; readonly now: Uint8Array }[]> {
    const { result } = await this.#session.post("Profiler.takePreciseCoverage");
    return result
      .filter(({ url }) => url.startsWith(this.#project))
      .map(({ url, functions }) => ({ url, now: paint(functions.flatMap(({ ranges }) => ranges)) }));
  }

  #freshIn(url: string, now: Uint8Array): readonly number[] {
    const seen = this.#seen.get(url);
    const fresh: number[] = [];
    for (let at = 0; at < now.length; at += 1) if (now[at] === 1 && seen?.[at] !== 1) fresh.push(at);
    return fresh;
  }

  #add(url: string, length: number, offsets: readonly number[]): void {
    const before = this.#seen.get(url) ?? new Uint8Array();
    const seen = new Uint8Array(Math.max(length, before.length));
    seen.set(before);
    for (const at of offsets) seen[at] = 1;
    this.#seen.set(url, seen);
  }
}

/** Inner ranges come after those that they stand in. */
function paint(ranges: readonly Range[]): Uint8Array {
  const now = new Uint8Array(Math.max(0, ...ranges.map(({ endOffset }) => endOffset)));
  for (const { startOffset, endOffset, count } of ranges) now.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  return now;
}
