import { describe, expect, it, onTestFinished, vi } from "vitest";
import { TextInspection } from "../../src/guardrails/inspect-texts.ts";
import { personalData } from "../../src/guardrails/personal-data.ts";
import { SECRETS } from "../../src/guardrails/secrets.ts";
import { PERSONAL_DATA } from "../../src/trust/guardrail.ts";
import { LIMITS } from "../../src/limits.ts";
import type { Members } from "../support/documents.ts";
import { reasonsOf, stubUpstream, TestGateway } from "../support/gateway.ts";

/** Who wants to get a secret past the processors, or to make them take forever. */
const KEY = "AKIAIOSFODNN7EXAMPLE";
const GUARDRAILS = [{ name: "s", type: "secrets", action: "redact" }];
const EVENTS = { "content-type": "text/event-stream" };

async function answered(body: BodyInit, headers: Record<string, string>, guardrails: readonly Members[] = GUARDRAILS) {
  stubUpstream(() => new Response(body, { headers }));
  const gateway = await TestGateway.start({ resources: [{ guardrails }] });
  return { ...(await gateway.call()), gateway };
}

const message = (text: string): string =>
  JSON.stringify({ jsonrpc: "2.0", id: 1, result: { content: [{ type: "text", text }] } });

const plain = btoa(`aws_access_key_id=${KEY}`);
const forUrls = btoa(`>>>?aws_access_key_id=${KEY}`).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const inSentence = btoa(`x ${KEY} x`);
/** Two thousand characters, as tokens of people with many groups have. */
const JWT = `eyJ${"hbGciOiJFUzI1NiJ9".repeat(2)}.eyJ${"zdWIiOiJhZGEifQ".repeat(130)}.${"c2lnbmF0dXJl".repeat(8)}`;
const FILLER = "word ".repeat(10_000);
const withResult = (result: unknown): string => JSON.stringify({ jsonrpc: "2.0", id: 1, result });

describe("a secret does not get past", () => {
  it.each([
    ["by escapes", message(KEY).replace("AKIA", String.raw`\u0041\u004bIA`), "OSFODNN7"],
    ["in base64", message(plain), plain],
    ["in base64 for URLs, without padding", message(forUrls), forUrls],
    ["in base64 within a sentence", message(`look: ${inSentence}.`), inSentence],
    ["in the name of a member", withResult({ structuredContent: { [KEY]: 1 } }), KEY],
    [
      "in two parts of a content",
      withResult({
        content: [
          { type: "text", text: `see ${KEY.slice(0, 7)}` },
          { type: "text", text: KEY.slice(7) },
        ],
      }),
      KEY.slice(7),
    ],
    [
      "that is long, in two parts of a content",
      withResult({ content: [JWT.slice(0, 1024), JWT.slice(1024)].map((text) => ({ type: "text", text })) }),
      JWT.slice(1024),
    ],
    [
      "that is long, in two parts of a content that are long",
      withResult({
        content: [`${FILLER} ${JWT.slice(0, 1024)}`, `${JWT.slice(1024)} ${FILLER}`].map((text) => ({
          type: "text",
          text,
        })),
      }),
      JWT.slice(1024),
    ],
    [
      "in a thousand parts of a content",
      withResult({ content: (JWT.match(/.{1,2}/g) ?? []).map((text) => ({ type: "text", text })) }),
      '{"type":"text","text":"ey"}',
    ],
    [
      "beside a member that is shown instead",
      message("harmless").replace('"text":"harmless"', `"text":"harmless","text":"${KEY}"`),
      KEY,
    ],
  ])("%s", async (_how, body, spelled) => {
    expect(body.includes(spelled)).toBe(true);
    const { text } = await answered(body, { "content-type": "application/json" });
    expect(text).not.toContain(spelled);
  });

  it("that is long, cut over two events of a stream", async () => {
    const part = (data: string): string =>
      `data: ${JSON.stringify({ jsonrpc: "2.0", method: "notifications/message", params: { data } })}\n\n`;
    const { text } = await answered(`${part(JWT.slice(0, 1024))}${part(JWT.slice(1024))}`, EVENTS);
    expect(text).not.toContain(JWT.slice(1024));
  });

  it("cut over chunks, lines and events of a stream, wherever it is cut", async () => {
    const lines = `data: ${message(KEY).replace('"result"', '\ndata: "result"')}\n\n`;
    const bytes = new TextEncoder().encode(lines);
    const chunks = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
    expect((await answered(chunks as never, EVENTS)).text).not.toContain(KEY);
    for (let at = 1; at < KEY.length; at += 6) {
      const part = (text: string) =>
        `data: ${JSON.stringify({ jsonrpc: "2.0", method: "notifications/message", params: { data: text } })}\n\n`;
      // oxlint-disable-next-line no-await-in-loop -- one stub of the upstream at a time
      const { text, gateway } = await answered(`${part(`: ${KEY.slice(0, at)}`)}${part(KEY.slice(at))}`, EVENTS);
      expect([text.includes(`"${KEY.slice(at)}"`), reasonsOf(gateway)]).toEqual([false, ["guardrail_withheld"]]);
    }
  });
});

describe("an answer of its largest size", () => {
  it("is passed on or withheld, and one byte more is not even looked at", async () => {
    const fits = message("x".repeat(LIMITS.listResultBytes - message("").length));
    expect((await answered(fits, { "content-type": "application/json" })).status).toBe(200);
    expect((await answered(`${fits} `, { "content-type": "application/json" })).status).toBe(502);
    const { text } = await answered(`data: ${fits}xx\n\ndata: {}\n\n`, EVENTS);
    expect(text).toBe("");
  });

  it("of more depth than is read is withheld", async () => {
    const body = `{"jsonrpc":"2.0","id":1,"result":${"[".repeat(100)}${"]".repeat(100)}}`;
    expect((await answered(body, { "content-type": "application/json" })).status).toBe(502);
  });
});

/** Counted and not timed: what looks at each place of a text again and again would not come to an end here. */
describe("texts that are made to take long", () => {
  it("in as many parts as fit are read once, and not once for each seam", () => {
    let read = 0;
    const count = { find: (text: string) => ((read += text.length), []), readsBinary: false };
    new TextInspection(count).inspect(Array.from({ length: 50_000 }, () => ({ text: "ab" })));
    expect(read).toBeLessThan(1_000_000);
  });

  it("are gone through without a list of all that might have begun something", () => {
    const from = vi.spyOn(Array, "from");
    onTestFinished(() => from.mockRestore());
    for (const unit of [" AB12", " 1"]) personalData(["credit_card", "iban"]).find(unit.repeat(10_000));
    const lengths = from.mock.results.map(({ value }) => (value as unknown[]).length);
    expect(Math.max(0, ...lengths)).toBeLessThan(100);
  });

  const size = 1_000_000;
  const repeat = (unit: string): string => unit.repeat(Math.ceil(size / unit.length));

  it.each([
    "a",
    "eyJ",
    "eyJ.",
    "eyJaaaaaaaa.eyJ",
    "sk-",
    "ghp_",
    "xox",
    "://",
    "://a:",
    "a@",
    "@",
    "a.",
    "1 ",
    "1",
    "+1",
    "DE89 ",
    "DE89",
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN ",
    "Bearer ",
    "SG.",
    "A",
    "AKIA",
    "000-",
    "ya29.",
    "pypi-AgEIcHlwaS5vcmc",
    "=",
    "\u{1f600}",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@",
  ])("%j, over and over", (unit) => {
    const text = repeat(unit);
    for (const detector of [SECRETS, personalData(PERSONAL_DATA)])
      expect(new TextInspection(detector).inspect({ text }).count).toBeGreaterThanOrEqual(0);
  });
});
