import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseCommandLine, parseWholeNumber } from "../cli/command.ts";
import { CommandError, UsageError } from "../cli/command-error.ts";
import { type Campaign, fuzz } from "./campaign.ts";
import { readCorpus, writeCorpus } from "./corpus.ts";
import { Coverage } from "./coverage.ts";
import type { Target } from "./target.ts";

const PROJECT = join(import.meta.dirname, "..");
const FINDINGS = join(PROJECT, ".fuzz");
const SECONDS = 60;
const MAXIMUM_SECONDS = 86_400;
const KEPT_INPUTS = 60;
const KEPT_BYTES = 1024;

const HELP = `Usage: npm run fuzz -- [options]

Feeds what strangers may send to the code that reads it, for as long as you like: inputs that make code run which none
before has reached are changed further. Each reader has promises (it throws nothing but its refusal; it widens nothing;
what it read and prints is read as the same), and an input that breaks one is made as short as it can be and shown.

  --seconds N        for each target (${SECONDS}; 1 to ${MAXIMUM_SECONDS})
  --only TARGET      one target; may be given several times
  --list             the targets and what each promises
  --keep             add the shortest inputs that reached something new to fuzz/corpus/, which the tests replay
  --seed N           the random choices of an earlier run (by default the time)
  --json             the report as JSON, and nothing else
  --help             this text

Exit code 0: every promise held; 1: one was broken, and .fuzz/ has the input.

Example:

  npm run fuzz -- --seconds 300 --only message
`;

interface Options {
  readonly seconds: number;
  readonly only: readonly string[];
  readonly list: boolean;
  readonly keep: boolean;
  readonly seed: number;
  readonly json: boolean;
}

async function main(commandLine: readonly string[]): Promise<void> {
  const options = readOptions(commandLine);
  if (options === null) return void process.stdout.write(HELP);
  const coverage = await Coverage.start(pathToFileURL(join(PROJECT, "src/")).href);
  // After counting has begun, or what they are made of would not be counted.
  const { TARGETS } = await import("./targets.ts");
  const targets = choose(TARGETS, options.only);
  if (options.list) return list(targets, options);
  await coverage.take();
  const campaigns: Campaign[] = [];
  for (const target of targets) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other: coverage is of the whole process
    campaigns.push(await run(target, coverage, options));
  }
  coverage.stop();
  if (options.json) process.stdout.write(`${JSON.stringify(campaigns.map(toReport), null, 2)}\n`);
  if (campaigns.some(({ finding }) => finding !== null)) process.exitCode = 1;
}

function readOptions(commandLine: readonly string[]): Options | null {
  const { values } = parseCommandLine({
    args: [...commandLine],
    options: {
      seconds: { type: "string", default: String(SECONDS) },
      only: { type: "string", multiple: true, default: [] },
      list: { type: "boolean", default: false },
      keep: { type: "boolean", default: false },
      seed: { type: "string", default: String(Date.now() % 999_999_999) },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const { seconds, seed, help, ...others } = values;
  if (help) return null;
  return {
    ...others,
    seconds: parseWholeNumber({ option: "--seconds", text: seconds, minimum: 1, maximum: MAXIMUM_SECONDS }),
    seed: parseWholeNumber({ option: "--seed", text: seed, minimum: 0, maximum: 999_999_999 }),
  };
}

function choose(targets: readonly Target[], only: readonly string[]): readonly Target[] {
  const unknown = only.find((name) => !targets.some((target) => target.name === name));
  if (unknown !== undefined) {
    throw new UsageError(`--only ${unknown}: the targets are ${targets.map(({ name }) => name).join(", ")}.`);
  }
  return targets.filter(({ name }) => only.length === 0 || only.includes(name));
}

function list(targets: readonly Target[], { json }: Options): void {
  const rows = targets.map(({ name, promises }) => ({ name, promises }));
  const lines = rows.map(({ name, promises }) => `${name.padEnd(18)} ${promises}\n`).join("");
  process.stdout.write(json ? `${JSON.stringify(rows, null, 2)}\n` : lines);
}

async function run(target: Target, coverage: Coverage, { seconds, seed, json, keep }: Options): Promise<Campaign> {
  const start = readCorpus(target);
  const campaign = await fuzz({ target, coverage, start, seconds, seed });
  if (!json) process.stdout.write(describe(campaign, seed));
  if (campaign.finding !== null) save(campaign);
  else if (keep) writeCorpus(target.name, chooseKept(campaign, target.seeds));
  return campaign;
}

function describe({ target, executions, corpus, covered, lastNewAtSeconds, finding }: Campaign, seed: number): string {
  const figures = `${executions.toLocaleString("en-US")} inputs, ${corpus.length} of them new, the last after ${lastNewAtSeconds.toFixed(0)} s; ${covered.toLocaleString("en-US")} characters of code so far`;
  if (finding === null) return `${target.padEnd(18)} ${figures}\n`;
  const text = JSON.stringify(Buffer.from(finding.input).toString("latin1"));
  return `${target.padEnd(18)} BROKEN, seed ${seed}: ${finding.why}\n  by ${text.slice(0, 2000)}\n`;
}

function save({ target, finding }: Campaign): void {
  if (finding === null) return;
  const name = createHash("sha256").update(finding.input).digest("hex").slice(0, 16);
  mkdirSync(FINDINGS, { recursive: true });
  writeFileSync(join(FINDINGS, `${target}-${name}`), finding.input);
}

function chooseKept({ corpus }: Campaign, seeds: readonly string[]): readonly Uint8Array<ArrayBuffer>[] {
  const known = new Set(seeds);
  const short = corpus.filter((input) => input.length <= KEPT_BYTES && !known.has(new TextDecoder().decode(input)));
  return short.toSorted((a, b) => a.length - b.length).slice(0, KEPT_INPUTS);
}

function toReport({ corpus, finding, ...campaign }: Campaign): object {
  const broken = finding === null ? null : { why: finding.why, input: Buffer.from(finding.input).toString("base64") };
  return { ...campaign, corpus: corpus.length, broken };
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const isExpected = error instanceof CommandError;
  const text = error instanceof Error ? (isExpected ? error.message : (error.stack ?? error.message)) : String(error);
  process.stderr.write(`fuzz: ${text}\n`);
  if (error instanceof UsageError) process.stderr.write("Try: npm run fuzz -- --help\n");
  process.exitCode = isExpected ? error.exitCode : 1;
}
