import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { OpenStreams } from "../../bench/open-streams.ts";
import { type Figure, figuresOf } from "../../bench/figures.ts";
import { HELP, readPlan, SECTIONS } from "../../bench/options.ts";
import { formatPage } from "../../bench/page.ts";
import { publishedTable } from "../../bench/published.ts";
import type { RefusalResult } from "../../bench/refusals.ts";
import { formatReport } from "../../bench/report.ts";
import type { Results } from "../../bench/results.ts";
import type { Compared } from "../../bench/rounds.ts";

const NOTHING: Results = {
  version: 2,
  at: "2026-11-21T12:00:00.000Z",
  seconds: 1,
  machine: {
    processor: "a processor",
    cores: 2,
    system: "linux",
    node: "v26",
    workerd: "1",
    pinning: null,
    loadBefore: 0,
  },
  loadGenerator: "node",
  rounds: 1,
  stateIsMemory: true,
  diskIsDisk: true,
  throughput: null,
  refusals: null,
  coldStarts: null,
  policy: null,
  billing: null,
  gateway: null,
  streams: null,
  scaling: null,
  ledger: null,
};

function compared(changes: Partial<Compared> = {}): Compared {
  const latencyMilliseconds = { p50: 1, p95: 2, p99: 3 };
  const measured = { requestsPerSecond: 1000, relative: 1, latencyMilliseconds, processorMicroseconds: 800 };
  return { name: "one", ...measured, unexpected: 0, ...changes };
}

function ledgerOf(relative: number): Results {
  const rows = [
    { ...compared(), rows: 1000 },
    { ...compared({ relative }), rows: 1_000_000 },
  ];
  return { ...NOTHING, ledger: rows };
}

function refusalsOf(...kinds: readonly (readonly [name: string, isCheaper: boolean | null])[]): Results {
  const results = kinds.map(([name, isCheaper]): RefusalResult => ({ ...compared({ name }), isCheaper }));
  return { ...NOTHING, refusals: { redemption: compared(), kinds: results } };
}

function streamsOf(changes: Partial<OpenStreams>): Results {
  const streams = {
    count: 100,
    heap: 48,
    before: 85,
    filled: 200,
    atEnd: 202,
    forwarded: 192,
    keptOfEach: 0.02,
  };
  return { ...NOTHING, streams: { ...streams, ...changes } };
}

function targetsOf(results: Results): readonly Pick<Figure, "value" | "isMet">[] {
  const wanted = figuresOf(results).filter(({ target }) => target !== null);
  return wanted.map(({ value, isMet }) => ({ value, isMet }));
}

describe("a target", () => {
  it.each([
    ["is met at its bound", ledgerOf(0.9), { value: "0.90", isMet: true }],
    ["is missed below it", ledgerOf(0.899), { value: "0.90", isMet: false }],
    ["is neither where nothing could be measured", ledgerOf(Number.NaN), { value: "-", isMet: null }],
    ["is met where every refusal is cheaper", refusalsOf(["a", true], ["b", true]), { value: "all", isMet: true }],
    [
      "names the refusals that are not cheaper",
      refusalsOf(["a", true], ["replay", false]),
      { value: "not: replay", isMet: false },
    ],
    ["is open where costs are not told", refusalsOf(["a", true], ["b", null]), { value: "-", isMet: null }],
    ["is met by streams that leave nothing behind", streamsOf({}), { value: "0.02 MB", isMet: true }],
    [
      "is missed by streams that leave more than a tenth behind",
      streamsOf({ keptOfEach: 0.13 }),
      { value: "0.13 MB", isMet: false },
    ],
    ["is open where too little passed", streamsOf({ filled: null, keptOfEach: null }), { value: "-", isMet: null }],
  ])("%s", (_name, results, expected) => {
    expect(targetsOf(results)).toEqual([expected]);
  });
});

describe("a run", () => {
  it("measures every section unless it is told which", () => {
    expect(readPlan([])?.sections).toEqual(new Set(SECTIONS));
    expect(readPlan(["--only", "ledger,streams"])?.sections).toEqual(new Set(["ledger", "streams"]));
    expect(() => readPlan(["--only", "ledger,speed"])).toThrow("--only speed: give one of throughput,");
  });

  it("explains each section", () => {
    for (const section of SECTIONS) expect(HELP).toMatch(new RegExp(`^${section} {2,}\\w`, "m"));
  });

  it("publishes nothing but the whole", () => {
    expect(() => readPlan(["--write-readme", "--only", "ledger"])).toThrow("leave --only out");
    expect(readPlan(["--write-readme"])?.writesReadme).toBe(true);
  });
});

describe("the page of a run", () => {
  it("has what the report says, and a plot of what was measured, without a script", () => {
    const results = { ...ledgerOf(0.95), scaling: [compared(), compared({ name: "64 ledgers" })] };
    const page = formatPage(results);
    expect(page.match(/<svg\b/g)).toHaveLength(2);
    expect(page).toContain('<td class="met">met</td>');
    expect(page).toContain("Tokens by how many identifiers the ledgers remember");
    expect(formatReport(results)).toContain("64 ledgers");
    expect(page).not.toMatch(/<script|https?:/);
  });

  it("holds a processor's name for text, and a rate that is no number for none", () => {
    const machine = { ...NOTHING.machine, processor: "</pre><script>alert(1)</script>" };
    const page = formatPage({
      ...NOTHING,
      machine,
      scaling: [compared({ requestsPerSecond: Number.NaN }), compared()],
    });
    expect(page).toContain("&lt;/pre&gt;&lt;script&gt;");
    expect(page).not.toContain("<script>");
    expect(page).not.toMatch(/(?:width|x|y)="(?:NaN|Infinity)/);
  });
});

describe("what the README says of performance", () => {
  it("is the published run's: each figure, and the section that prints it", async () => {
    const readme = await readFile(join(import.meta.dirname, "../../README.md"), "utf8");
    const table = await publishedTable();
    expect(readme).toContain(table);
    const sections = [...table.matchAll(/\| `([a-z][a-z-]+)` \|$/gm)].map(([, section]) => section);
    expect(new Set(sections)).toEqual(new Set(SECTIONS));
  });
});
