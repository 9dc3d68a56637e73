import { describe, expect, it } from "vitest";
import { type RewriteData, rewriteEvents, unifyLineEnds } from "../../src/gateway/event-stream.ts";
import { Random } from "../support/random.ts";

async function pass(chunks: readonly string[], rewrite: RewriteData = (data) => data, limit = 1000): Promise<string> {
  const source = new ReadableStream<string>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
  let text = "";
  for await (const chunk of source.pipeThrough(unifyLineEnds()).pipeThrough(rewriteEvents(rewrite, limit)))
    text += chunk;
  return text;
}

const shout: RewriteData = (data) => data.toUpperCase();

describe("a stream of events", () => {
  it("keeps what is not data, and events that nobody changes, as they are", async () => {
    const stream = ": hello\n\nid: 1\nevent: message\ndata: a\ndata: b\nretry: 5\n\n:\n\n";
    expect(await pass([stream])).toBe(stream);
  });

  it("has the data of an event written anew, on however many lines it came", async () => {
    expect(await pass(["id: 1\ndata: a\ndata:b\ndata\n\n"], shout)).toBe("id: 1\ndata: A\ndata: B\ndata: \n\n");
    expect(await pass(["data: {\ndata: }\n\n"], () => "{}")).toBe("data: {}\n\n");
  });

  it.each([
    ["data: a\r\n\r\ndata: b\r\n\r\n", "data: A\n\ndata: B\n\n"],
    ["data: a\r\rdata: b\r\r", "data: A\n\ndata: B\n\n"],
    ["data: a\n\r\ndata: b\r\n\n", "data: A\n\ndata: B\n\n"],
  ])("takes each way of ending a line: %j", async (stream, expected) => {
    expect(await pass([stream], shout)).toBe(expected);
    expect(await pass(stream.split(""), shout)).toBe(expected);
  });

  it("reads the same whatever the chunks, in 400 random cuts", async () => {
    const random = new Random(11);
    const stream = "data: a\r\n\r\n\r\nid: 2\ndata: b\n\n\ndata: c\r\rdata: d\n\n";
    const events = (text: string): readonly string[] => text.split(/\n\n+/).filter((event) => event !== "");
    const whole = events(await pass([stream], shout));
    for (let round = 0; round < 400; round += 1) {
      const chunks: string[] = [];
      for (let at = 0; at < stream.length;) {
        const length = 1 + random.below(6);
        chunks.push(stream.slice(at, at + length));
        at += length;
      }
      expect(events(await pass(chunks, shout)), JSON.stringify(chunks)).toEqual(whole);
    }
  });

  it("does not pass on lines that are no field, which a careless reader could take for one", async () => {
    const stream = "\uFEFFdata: a\n data: b\nData: c\ndatax: d\ndata : e\n\0data: f\nevent\nid:1\n\nx: y\n\n";
    expect(await pass([stream])).toBe("event\nid:1\n\n\n\n");
  });

  it("does not pass on what is no whole event", async () => {
    expect(await pass(["data: a\n\ndata: b\n"])).toBe("data: a\n\n");
  });

  it("ends where the data may not go on, and where an event is too long to be held", async () => {
    expect(await pass(["data: a\n\ndata: b\n\ndata: c\n\n"], (data) => (data === "b" ? null : data))).toBe(
      "data: a\n\n",
    );
    const long = "x".repeat(600);
    expect(await pass([`data: a\n\ndata: ${long}`, long, "\n\ndata: c\n\n"])).toBe("data: a\n\n");
  });
});
