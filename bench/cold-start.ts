import { inOrder } from "./in-order.ts";
import { Connection } from "./load/connection.ts";
import { median } from "./statistics.ts";
import { type SubjectName, SUBJECTS } from "./subjects.ts";
import { tokenBody, tokenTemplate } from "./token-requests.ts";
import type { World } from "./world.ts";

export interface ColdStart {
  readonly subject: SubjectName;
  /** From the start of the process until it listens: the runtime's own start and the Worker's modules. */
  readonly listeningMilliseconds: number;
  /** The first answer after that: documents read and parsed, keys imported, a ledger created. */
  readonly firstAnswerMilliseconds: number;
  readonly secondAnswerMilliseconds: number;
  readonly starts: number;
}

/** Each time a new process and empty storage. */
export async function measureColdStarts(world: World): Promise<ColdStart[]> {
  const rounds = await inOrder(Array.from({ length: world.plan.coldStarts }), () =>
    inOrder(SUBJECTS, (name) => startOnce(world, name)),
  );
  return SUBJECTS.map((subject, position) => {
    const starts = rounds.flatMap((round) => round[position] ?? []);
    return {
      subject,
      listeningMilliseconds: median(starts.map(({ listening }) => listening)),
      firstAnswerMilliseconds: median(starts.map(({ first }) => first)),
      secondAnswerMilliseconds: median(starts.map(({ second }) => second)),
      starts: starts.length,
    };
  });
}

async function startOnce(
  world: World,
  name: SubjectName,
): Promise<{ readonly listening: number; readonly first: number; readonly second: number }> {
  const workerd = await world.start(name);
  const connection = await Connection.open(workerd.port("http"));
  const template = tokenTemplate(world.deployment, world.deployment.clientSecret);
  const [first = Number.NaN, second = Number.NaN] = await inOrder(world.stock.take("cold", 2), async (assertion) => {
    const sentAt = performance.now();
    const { status, body } = await connection.post(template, tokenBody(assertion));
    if (status !== 200) throw new Error(`${name} answered ${status} ${body}\n${workerd.complaint}`);
    return performance.now() - sentAt;
  });
  connection.close();
  await world.stop(workerd);
  return { listening: workerd.startedInMilliseconds, first, second };
}
