import { expect, it } from "vitest";
import { denyRule, type Members, permitRule } from "../support/documents.ts";
import { reasonsOf, type Sent, stubUpstream, TestGateway } from "../support/gateway.ts";

/**
 * I04, for resources: the gateway compares the text of a URI, and the server behind it reads `new URL(uri)`, as those of
 * the official SDK do. A spelling that the rules do not know must not lead it to what they keep closed.
 */
const resources = [{ scopes: { "files:read": { description: "Read", methods: ["resources/read"] } } }];
const CONTENTS = new Map([
  ["file:///secret/key", "SECRET"],
  ["file:///public/a", "public"],
]);

function serveByUrl({ body }: Sent): Response {
  const { id, params } = JSON.parse(body ?? "{}") as { id: number; params: { uri: string } };
  const text = CONTENTS.get(new URL(params.uri).href) ?? "none";
  return Response.json({ jsonrpc: "2.0", id, result: { contents: [{ uri: params.uri, text }] } });
}

async function read(
  uri: string,
  rules: readonly Members[],
): Promise<{ readonly text: string; readonly seen: unknown }> {
  const upstream = stubUpstream(serveByUrl);
  const gateway = await TestGateway.start({ resources, rules });
  const message = { jsonrpc: "2.0", id: 1, method: "resources/read", params: { uri } };
  const { status, text } = await gateway.call({ message });
  return { text, seen: [status, upstream.sent.length, ...reasonsOf(gateway)] };
}

const everything = permitRule({ scopes: "any" });
const publicOnly = permitRule({ scopes: "any", calls: { resources: ["file:///public/*"] } });
const notSecret = denyRule({ calls: { resources: ["file:///secret/*"] } });

it.each([
  "file:///public/../secret/key",
  "file:///public/.\t./secret/key",
  "file:///public/.\n./secret/key",
  "file:///public/..\t/secret/key",
  "file:///public/%2e%2e/secret/key",
  "file:///public/%2\te./secret/key",
  "file:///public/%252e%252e/secret/key",
  "file:///public/x?/../../secret/key",
  "file:///public/x#/../../secret/key",
  "file:///public/..;/secret/key",
  String.raw`file:///public/..\secret/key`,
])("a permit of file:///public/* does not reach %j", async (uri) => {
  const { text, seen } = await read(uri, [publicOnly]);
  expect(text).not.toContain("SECRET");
  expect(seen).toEqual([403, 0, "call_no_rule"]);
});

it.each([
  "file:///secret/key",
  "FILE:///secret/key",
  "file:/secret/key",
  "file:secret/key",
  "file:////secret/key",
  "file://localhost/secret/key",
  " file:///secret/key",
  "file:///secret/key ",
  "file:///sec\tret/key",
  "file:///sec\nret/key",
  "\u0000file:///secret/key",
  "file:///%73ecret/key",
  "file:///secret%2fkey",
  "file:///a/../secret/key",
])("a deny of file:///secret/* is not evaded by %j", async (uri) => {
  const { text, seen } = await read(uri, [everything, notSecret]);
  expect(text).not.toContain("SECRET");
  expect(seen).toEqual([403, 0, "call_denied"]);
});

it("what is spelled as it should be is read", async () => {
  for (const rules of [[publicOnly], [everything, notSecret]])
    // oxlint-disable-next-line no-await-in-loop -- one stub of the upstream at a time
    expect((await read("file:///public/a", rules)).text).toContain("public");
});
