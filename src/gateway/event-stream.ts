/**
 * All else is to be ignored, and a reader that is less strict could take it for data; so could one that ends lines as
 * Python does.
 */
const FIELD = /^(?:data(?::|$)|(?:(?:event|id|retry)(?::|$)|:)[^\v\f\u0085\u2028\u2029]*$)/;

/** Data of an event that is the last one: the stream ends after it. */
export interface LastData {
  readonly last: string;
}

/** Gives an event's data in place of what it was: "" where nothing is to be left of the event, or null to end the stream there. */
export type RewriteData = (data: string) => Rewritten | Promise<Rewritten>;

type Rewritten = string | LastData | null;

/**
 * A stream of server-sent events in which the data of some is written anew. Whole events only, as the specification has
 * them: what follows the last empty line is none. Holds one event at a time, and ends at one that is too long.
 */
export function rewriteEvents(rewrite: RewriteData, limitCharacters: number): TransformStream<string, string> {
  let pieces: string[] = [];
  let length = 0;
  return new TransformStream({
    async transform(chunk, controller) {
      const events = chunk.split("\n\n");
      const rest = events.pop() ?? "";
      for (const end of events) {
        pieces.push(end);
        // oxlint-disable-next-line no-await-in-loop -- events keep their order
        const event = await rewriteEvent(pieces.join(""), rewrite);
        if (event === null) return controller.terminate();
        controller.enqueue(`${event.text}\n\n`);
        if (event.isLast) return controller.terminate();
        pieces = [];
        length = 0;
      }
      pieces.push(rest);
      length += rest.length;
      if (length > limitCharacters) controller.terminate();
    },
  });
}

interface RewrittenEvent {
  readonly text: string;
  readonly isLast: boolean;
}

async function rewriteEvent(event: string, rewrite: RewriteData): Promise<RewrittenEvent | null> {
  const lines = event.split("\n").filter((line) => FIELD.test(line));
  const data = lines.filter((line) => isData(line)).map((line) => line.replace(/^data:? ?/, ""));
  const known = lines.join("\n");
  if (data.length === 0) return { text: known, isLast: false };
  const before = data.join("\n");
  const after = await rewrite(before);
  if (after === null || after === before) return after === null ? null : { text: known, isLast: false };
  if (after === "") return { text: ":", isLast: false };
  const isLast = typeof after !== "string";
  const written = (isLast ? after.last : after).split("\n").map((line) => `data: ${line}`);
  return { text: [...lines.filter((line) => !isData(line)), ...written].join("\n"), isLast };
}

function isData(line: string): boolean {
  return line === "data" || line.startsWith("data:");
}

/** One may stand first, and readers take it off: of several, each reader on the way takes another one. */
export function stripByteOrderMarks(): TransformStream<string, string> {
  let isStart = true;
  return new TransformStream({
    transform(chunk, controller) {
      const text = isStart ? chunk.replace(/^\uFEFF+/, "") : chunk;
      isStart &&= text === "";
      if (text !== "") controller.enqueue(text);
    },
  });
}

/** Lines may end in three ways; from here on they end in one. A carriage return waits for what follows it. */
export function unifyLineEnds(): TransformStream<string, string> {
  let heldReturn = "";
  let heldLineEnd = "";
  return new TransformStream({
    transform(chunk, controller) {
      const text = heldReturn + chunk;
      heldReturn = text.endsWith("\r") ? "\r" : "";
      const unified = heldLineEnd + text.slice(0, text.length - heldReturn.length).replaceAll(/\r\n?/g, "\n");
      // An empty line may come in two halves, and whoever looks for it looks at one chunk at a time.
      heldLineEnd = /(?:^|[^\n])\n$/.test(unified) ? "\n" : "";
      controller.enqueue(unified.slice(0, unified.length - heldLineEnd.length));
    },
    flush(controller) {
      controller.enqueue(heldLineEnd + (heldReturn === "" ? "" : "\n"));
    },
  });
}
