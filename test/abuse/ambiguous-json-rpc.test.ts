import { describe, expect, it } from "vitest";
import type { AuditEvent } from "../../src/audit/audit-event.ts";
import { seededRandom, stubUpstream, TestGateway } from "../support/gateway.ts";

/**
 * I04: the gateway reads one call and the upstream another. Upstreams parse as their languages do: some keep the first
 * of two members of one name, most the last, and Go's encoding/json also takes "Name" for "name", with Unicode's simple
 * folding. Three such readers sit behind the gateway here, and each must see the tool that was authorized and recorded.
 */
type Reading = "first wins" | "last wins" | "last wins, whatever the case";
const READINGS: readonly Reading[] = ["first wins", "last wins", "last wins, whatever the case"];

interface Seen {
  readonly method: unknown;
  readonly name: unknown;
}

/** A JSON parser of its own, so that it shares no opinion with what it tests. @throws SyntaxError */
class Reader {
  readonly #text: string;
  readonly #reading: Reading;
  #at = 0;

  constructor(text: string, reading: Reading) {
    this.#text = text;
    this.#reading = reading;
  }

  /** Reads the first value and leaves the rest, as streaming parsers do. */
  read(): unknown {
    this.#space();
    const next = this.#text[this.#at];
    if (next === "{") return this.#object();
    if (next === "[") return this.#array();
    const [token] = /^(?:"(?:[^"\\]|\\.)*"|-?[\d.eE+-]+|true|false|null)/s.exec(this.#text.slice(this.#at)) ?? [];
    if (token === undefined) throw new SyntaxError("no value");
    this.#at += token.length;
    return JSON.parse(token) as unknown;
  }

  #object(): Map<string, unknown> {
    const members = new Map<string, unknown>();
    this.#list("}", () => {
      const name = this.#name(String(this.read()));
      this.#space();
      if (this.#text[this.#at] !== ":") throw new SyntaxError("no colon");
      this.#at += 1;
      const value = this.read();
      if (this.#reading !== "first wins" || !members.has(name)) members.set(name, value);
    });
    return members;
  }

  #name(written: string): string {
    // Go's foldFunc: what differs in case only is equal, and so are "ſ" and "s", and the Kelvin sign and "k".
    return this.#reading === "last wins, whatever the case" ? written.toUpperCase().toLowerCase() : written;
  }

  #array(): unknown[] {
    const values: unknown[] = [];
    this.#list("]", () => void values.push(this.read()));
    return values;
  }

  #list(end: string, readOne: () => void): void {
    this.#at += 1;
    this.#space();
    while (this.#text[this.#at] !== end) {
      readOne();
      this.#space();
      if (this.#text[this.#at] === ",") this.#at += 1;
      this.#space();
    }
    this.#at += 1;
  }

  #space(): void {
    while (/[\s\uFEFF]/.test(this.#text[this.#at] ?? "")) this.#at += 1;
  }
}

function see(text: string, reading: Reading): Seen {
  const message = new Reader(text, reading).read();
  const member = (of: unknown, name: string): unknown => (of instanceof Map ? of.get(name) : undefined);
  return { method: member(message, "method"), name: member(member(message, "params"), "name") };
}

const MAY = "read_file";
const MAY_NOT = "write_file";
const CALL = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${MAY}","arguments":{"path":"a","n":1.5}}}`;

describe("the three readers", () => {
  const twice = `{"method":"tools/call","params":{"name":"a","name":"b","Name":"c"}}`;

  it.each([
    ["first wins", "a"],
    ["last wins", "b"],
    ["last wins, whatever the case", "c"],
  ] as const)("%s: %s", (reading, name) => {
    expect(see(twice, reading)).toEqual({ method: "tools/call", name });
  });

  it.each(READINGS)("%s: agrees with everybody on what is not ambiguous", (reading) => {
    expect(see(CALL, reading)).toEqual({ method: "tools/call", name: MAY });
  });
});

/** Each of these is a call that the token may make to one reader at least, and one that it may not to another. */
const SMUGGLED: readonly [name: string, body: string][] = [
  ["two names", CALL.replace('"name"', `"name":"${MAY_NOT}","name"`)],
  ["two names, the other way round", CALL.replace(`"${MAY}"`, `"${MAY}","name":"${MAY_NOT}"`)],
  ["two names, one escaped", CALL.replace(`"${MAY}"`, `"${MAY}","n\\u0061me":"${MAY_NOT}"`)],
  ["a name in capitals", CALL.replace(`"${MAY}"`, `"${MAY}","NAME":"${MAY_NOT}"`)],
  ["a name in capitals, escaped", CALL.replace(`"${MAY}"`, `"${MAY}","\\u004eame":"${MAY_NOT}"`)],
  ["a name in capitals, first", CALL.replace('"name"', `"Name":"${MAY_NOT}","name"`)],
  ["two methods", CALL.replace('"method"', '"method":"ping","method"')],
  ["two methods, the other way round", CALL.replace('"tools/call"', '"tools/call","method":"ping"')],
  [
    "a method in capitals",
    '{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/call","params":{"name":"write_file"}}',
  ],
  ["two lists of parameters", CALL.replace('"params"', `"params":{"name":"${MAY_NOT}"},"params"`)],
  ["parameters in capitals", CALL.replace('"params"', `"PARAMS":{"name":"${MAY_NOT}"},"params"`)],
  ["parameters with a long s", CALL.replace('"params"', `"param\u017f":{"name":"${MAY_NOT}"},"params"`)],
  ["arguments with a long s", CALL.replace('"arguments"', '"argument\u017f":{"path":"b"},"arguments"')],
  ["arguments with a long s, after", CALL.replace("}}}", '},"argument\\u017f":{"path":"b"}}}')],
  ["a second message after", `${CALL}{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"${MAY_NOT}"}}`],
  ["a second message in a line of its own", `${CALL}\n${CALL.replace(MAY, MAY_NOT)}`],
  ["a batch", `[${CALL},${CALL.replace(MAY, MAY_NOT)}]`],
  ["a batch of one", `[${CALL}]`],
  ["a byte order mark", `\uFEFF${CALL}`],
  ["a NUL after", `${CALL}\u0000`],
  ["a NUL within a name", CALL.replace(MAY, `${MAY}\\u0000`)],
  ["a name with half a surrogate", CALL.replace(MAY, `${MAY}\\ud800`)],
  ["a name in a list", CALL.replace(`"${MAY}"`, `["${MAY}"]`)],
  ["a name in another name's clothes", CALL.replace(MAY, "re\u0430d_file")],
  ["a comment", CALL.replace('"name"', `/*"name":"${MAY_NOT}",*/"name"`)],
  ["a line comment", CALL.replace('"name"', `//\n"name"`)],
  ["single quotes", CALL.replace(`"${MAY}"`, `'${MAY}'`)],
  ["a trailing comma", CALL.replace(`"${MAY}"`, `"${MAY}",`)],
  ["a __proto__", CALL.replace('"params"', `"__proto__":{"params":{"name":"${MAY_NOT}"}},"params"`)],
  ["a bad escape", CALL.replace('"path"', '"\\path"')],
];

describe("a call that means different things to different readers [GW-04]", () => {
  it.each(SMUGGLED)("%s", async (_name, body) => {
    const upstream = stubUpstream();
    const gateway = await TestGateway.start();
    const answered = await gateway.call({ message: body });
    expect([answered.status, answered.errorCode, upstream.sent]).toEqual([400, -32_600, []]);
    expect(gateway.events).toMatchObject([{ reason: "message_malformed" }]);
  });

  it("is recorded as what every reader sees, when it is one call after all", async () => {
    const upstream = stubUpstream();
    const gateway = await TestGateway.start();
    const proto = CALL.replace('"path"', `"inner":{"__proto__":{"name":"${MAY_NOT}"}},"Name":"${MAY_NOT}","path"`);
    expect((await gateway.call({ message: proto })).status).toBe(200);
    const seen = READINGS.map((reading) => see(upstream.sent[0]?.body ?? "", reading).name);
    expect([...seen, gateway.events[0]?.target]).toEqual([MAY, MAY, MAY, MAY]);
  });
});

const SPLICES = [
  `"name":"${MAY_NOT}",`,
  `,"name":"${MAY_NOT}"`,
  `"Name":"${MAY_NOT}",`,
  `"\\u006eame":"${MAY_NOT}",`,
  '"method":"tools/list",',
  '"METHOD":"tools/call",',
  `"params":{"name":"${MAY_NOT}"},`,
  `"argument\u017f":{},`,
  '"id":2,',
  MAY_NOT,
  "\\u0000",
  "\\q",
  "\uFEFF",
  "\u0000",
  "1e999",
  "9007199254740993",
  "[",
  "]",
  "{",
  "}",
  ",",
  ":",
  '"',
  "\\",
  " ",
  "//",
  "null,",
  "[[[[[[[[",
];

/** One or two small harms at places that the seed chooses, half of them where a member may stand. */
function mutate(body: string, random: (below: number) => number): string {
  let mutated = body;
  for (let harms = 1 + random(2); harms > 0; harms -= 1) {
    const kind = random(6);
    const at = kind > 2 ? afterStructure(mutated, random) : random(mutated.length + 1);
    const splice = SPLICES[random(SPLICES.length)] ?? "";
    if (kind === 0) mutated = mutated.slice(0, at) + mutated.slice(at + 1 + random(4));
    else if (kind === 1) mutated = mutated.slice(0, at) + flipCase(mutated[at] ?? "") + mutated.slice(at + 1);
    else mutated = mutated.slice(0, at) + splice + mutated.slice(at);
  }
  return mutated;
}

function afterStructure(text: string, random: (below: number) => number): number {
  const places = [...text.matchAll(/[{,]/g)].map(({ index }) => index + 1);
  return places[random(Math.max(1, places.length))] ?? 0;
}

function flipCase(letter: string): string {
  return letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase();
}

const ORIGINALS = [
  CALL,
  '{"jsonrpc":"2.0","id":"a","method":"tools/list","params":{"cursor":"x"}}',
  '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}',
  '{"jsonrpc":"2.0","id":3,"result":{"name":"x","list":[1,2,{"a":null}]}}',
];

/** What went wrong in one call, in words; nothing when all readers, the status and the record agree. */
function disagreement(sent: readonly { readonly body: string | null }[], event: AuditEvent | undefined): string | null {
  if (sent.length !== (event?.decision === "granted" ? 1 : 0)) return `forwarded ${sent.length}, ${event?.decision}`;
  const seen = sent.flatMap(({ body }) => READINGS.map((reading) => see(body ?? "", reading)));
  const wrong = seen.find(({ method = "(response)", name = null }) => {
    const target = method === "tools/call" ? name : null;
    return method !== event?.method || target !== event?.target;
  });
  return wrong === undefined ? null : `${JSON.stringify(wrong)} recorded as ${event?.method} ${event?.target}`;
}

it(
  "2,000 mutated messages: whatever is forwarded is what was authorized, to every reader",
  { timeout: 60_000 },
  async () => {
    const upstream = stubUpstream();
    const gateway = await TestGateway.start();
    const token = await gateway.token();
    const random = seededRandom(20_261_121);
    const wrong: unknown[] = [];
    for (let round = 0; round < 2_000; round += 1) {
      const message = mutate(ORIGINALS[round % ORIGINALS.length] ?? CALL, random);
      const before = upstream.sent.length;
      const { status } = await gateway.call({ token, message });
      const flaw = disagreement(upstream.sent.slice(before), gateway.events.at(-1));
      if (flaw !== null || ![200, 202, 400, 403].includes(status)) wrong.push({ message, status, flaw });
    }
    expect(wrong).toEqual([]);
    expect([gateway.events.length, gateway.faults]).toEqual([2_000, []]);
    // Both ways out were taken often enough to mean something.
    expect(upstream.sent.length).toBeGreaterThan(200);
    expect(upstream.sent.length).toBeLessThan(1_800);
  },
);
