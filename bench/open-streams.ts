import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Workerd } from "./runtime/workerd.ts";
import { median } from "./statistics.ts";
import { crossgateConfig } from "./subjects.ts";
import { obtainToken, type RequestTemplate, toolCallBody, toolCallTemplate } from "./token-requests.ts";
import type { World } from "./world.ts";

/** Whether the gateway keeps anything of what has passed through it. All sizes in megabytes. */
export interface OpenStreams {
  readonly count: number;
  /** What the engine may have: so little that a gateway which kept what passes would end for want of it. */
  readonly heap: number;
  /** What the process held before the streams, after the engine had filled its heap, and at the end. */
  readonly before: number | null;
  readonly filled: number | null;
  readonly atEnd: number | null;
  /** Through the gateway in all. */
  readonly forwarded: number;
  /** What the process grew by for each megabyte after its heap was full; null where there was no time for enough. */
  readonly keptOfEach: number | null;
}

interface Sample {
  readonly resident: number | null;
  readonly received: number;
}

/** The edge gives an isolate 128. */
const HEAP_MEGABYTES = 48;
/** Of what must have passed: by then the engine has had every reason to fill its heap; and as much again. */
const FILLED_AT = 2 * HEAP_MEGABYTES;
const ENOUGH_AT = 2 * FILLED_AT;
const SAMPLE_MILLISECONDS = 100;
const SAMPLES_TOGETHER = 10;
const BYTES_PER_MEGABYTE = 1024 * 1024;
const OPEN_WITHIN_MILLISECONDS = 20_000;

export async function measureStreams(world: World): Promise<OpenStreams> {
  const engineFlags = [`--max-heap-size=${HEAP_MEGABYTES}`];
  const workerd = await world.startConfigured((files) => crossgateConfig(files, { engineFlags }));
  const [assertion = ""] = world.stock.take("streams", 1);
  const token = await obtainToken(world.deployment, workerd.port("http"), assertion);
  const template = toolCallTemplate(world.deployment, token);
  const before = residentOf(workerd);
  const { count, limitSeconds } = world.plan.streams;
  const streams = Array.from({ length: count }, (_, id) => new Stream(workerd.port("http"), template, id));
  await untilOpen(streams, workerd);
  const samples = await watch(workerd, streams, limitSeconds);
  const broken = streams.find(({ isOpen }) => !isOpen);
  if (broken !== undefined) throw new Error(`a stream ended: ${broken.state}\n${workerd.complaint}`);
  streams.forEach((stream) => stream.close());
  await world.stop(workerd);
  return { count, heap: HEAP_MEGABYTES, before, ...summarize(samples) };
}

async function watch(workerd: Workerd, streams: readonly Stream[], limitSeconds: number): Promise<Sample[]> {
  const samples: Sample[] = [];
  const endsAt = performance.now() + limitSeconds * 1000;
  while (performance.now() < endsAt && (samples.at(-1)?.received ?? 0) < ENOUGH_AT) {
    // oxlint-disable-next-line no-await-in-loop -- in time
    await delay(SAMPLE_MILLISECONDS);
    const bytes = streams.reduce((sum, { receivedBytes }) => sum + receivedBytes, 0);
    samples.push({ resident: residentOf(workerd), received: bytes / BYTES_PER_MEGABYTE });
  }
  return samples;
}

function summarize(samples: readonly Sample[]): Pick<OpenStreams, "filled" | "atEnd" | "forwarded" | "keptOfEach"> {
  const filledAt = samples.findIndex(({ received }) => received >= FILLED_AT);
  const forwarded = samples.at(-1)?.received ?? 0;
  const filled = filledAt === -1 ? null : together(samples.slice(filledAt, filledAt + SAMPLES_TOGETHER));
  const atEnd = together(samples.slice(-SAMPLES_TOGETHER));
  const isEnough = forwarded >= ENOUGH_AT && filled !== null && atEnd !== null;
  const since = forwarded - (samples[filledAt]?.received ?? 0);
  return { filled, atEnd, forwarded, keptOfEach: isEnough ? Math.max(0, atEnd - filled) / since : null };
}

function together(samples: readonly Sample[]): number | null {
  const known = samples.flatMap(({ resident }) => resident ?? []);
  return known.length === 0 ? null : median(known);
}

function residentOf({ residentBytes }: Workerd): number | null {
  return residentBytes === null ? null : residentBytes / BYTES_PER_MEGABYTE;
}

async function untilOpen(streams: readonly Stream[], { complaint }: Workerd): Promise<void> {
  const deadline = performance.now() + OPEN_WITHIN_MILLISECONDS;
  while (!streams.every(({ isOpen }) => isOpen)) {
    const refused = streams.find(({ isOpen, state }) => !isOpen && state !== "");
    if (refused !== undefined) throw new Error(`a stream was not opened: ${refused.state}\n${complaint}`);
    if (performance.now() > deadline) throw new Error(`not all streams were opened in time\n${complaint}`);
    // oxlint-disable-next-line no-await-in-loop -- polling
    await delay(20);
  }
}

const HEAD_CHARACTERS = 500;

/** One answer that never ends. What it says is counted and thrown away. */
class Stream {
  readonly #socket: Socket;
  receivedBytes = 0;
  /** How its answer begins, or what became of it. */
  state = "";

  constructor(port: number, { path, headers }: RequestTemplate, id: number) {
    const body = toolCallBody(id, "/endless");
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    this.#socket = connect(port, "127.0.0.1");
    this.#socket.write(`POST ${path} HTTP/1.1\r\n${lines.join("")}content-length: ${body.length}\r\n\r\n${body}`);
    this.#socket.on("data", (bytes: Buffer) => {
      this.receivedBytes += bytes.length;
      if (this.state === "") this.state = bytes.toString("latin1").slice(0, HEAD_CHARACTERS);
    });
    this.#socket.on("error", (error) => {
      this.state = `broken: ${error.message}`;
    });
    this.#socket.on("end", () => {
      this.state = "ended";
    });
  }

  get isOpen(): boolean {
    return this.state.startsWith("HTTP/1.1 200") && /\r\ncontent-type: *text\/event-stream/i.test(this.state);
  }

  close(): void {
    this.#socket.destroy();
  }
}
