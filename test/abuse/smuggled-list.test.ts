import { expect, it } from "vitest";
import { denyRule, permitRule } from "../support/documents.ts";
import { LIST_TOOLS, stubUpstream, TestGateway } from "../support/gateway.ts";

/** A stream in which a list stands where the gateway's reader of events sees none, and the client's does. */
const rules = [permitRule({ scopes: "any" }), denyRule({ calls: { tools: ["write_*"] } })];
const tools = [{ name: "read_file" }, { name: "write_file" }];
const LISTED = JSON.stringify({ jsonrpc: "2.0", id: 1, result: { tools } });

function streamOf(pieces: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
}

it.each([
  ["behind a byte order mark", `\uFEFFdata: ${LISTED}\n\n`],
  ["behind two", `\uFEFF\uFEFFdata: ${LISTED}\n\n`],
  ["behind seven", `${"\uFEFF".repeat(7)}data: ${LISTED}\n\n`],
  ["behind a mark in the middle", `:\n\n\uFEFFdata: ${LISTED}\n\n`],
  ["behind a line separator", `event: message\u2028data: ${LISTED}\n\n`],
  ["behind a null character", `\0data: ${LISTED}\n\n`],
  ["behind a space", ` data: ${LISTED}\n\n`],
  ["in capitals", `DATA: ${LISTED}\n\n`],
  ["on two lines", `data: ${LISTED.replace('"tools"', '\ndata: "tools"')}\n\n`],
])("a list %s names nothing that policy hides [GHSA-p6xx-57qc-3wxr]", async (_name, text) => {
  const bytes = new TextEncoder().encode(text);
  for (const pieces of [[bytes], [...bytes].map((byte) => Uint8Array.of(byte))]) {
    stubUpstream(() => new Response(streamOf(pieces), { headers: { "content-type": "text/event-stream" } }));
    // oxlint-disable-next-line no-await-in-loop -- one stub of the upstream at a time
    const response = await (await TestGateway.start({ rules })).respond({ message: LIST_TOOLS });
    // oxlint-disable-next-line no-await-in-loop -- one stub of the upstream at a time
    const seen = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await response?.arrayBuffer());
    expect(seen.startsWith("\uFEFF")).toBe(false);
    expect(seen).not.toContain("write_file");
  }
});

const LONG_S = "\u017F";
it.each([
  ["Result", LISTED.replace('"result"', '"Result"')],
  ["re\u017Fult", LISTED.replace('"result"', `"re${LONG_S}ult"`)],
  ["Result beside result", LISTED.replace('"result":{', '"result":{"tools":[]},"Result":{')],
  ["Tools", LISTED.replace('"tools"', '"Tools"')],
  ["tool\u017F", LISTED.replace('"tools"', `"tool${LONG_S}"`)],
  ["Tools beside tools", LISTED.replace('"tools":', '"tools":[],"Tools":')],
  ["ResourceTemplates", LISTED.replace('"tools":', '"ResourceTemplates":')],
  ["Name beside name", LISTED.replace('"name":"read_file"', '"name":"read_file","Name":"write_file"')],
])("a list as %s names nothing that policy hides, to a client that folds case", async (_name, text) => {
  for (const [body, type] of [
    [text, "application/json"],
    [`data: ${text}\n\n`, "text/event-stream"],
  ] as const) {
    stubUpstream(() => new Response(body, { headers: { "content-type": type } }));
    // oxlint-disable-next-line no-await-in-loop -- one stub of the upstream at a time
    const { text: seen } = await (await TestGateway.start({ rules })).call({ message: LIST_TOOLS });
    expect(seen).not.toContain("write_file");
  }
});
