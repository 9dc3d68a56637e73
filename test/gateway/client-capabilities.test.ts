import { describe, expect, it } from "vitest";
import { canBeAsked } from "../../src/gateway/client-capabilities.ts";
import type { Message } from "../../src/gateway/message.ts";
import type { Json } from "../../src/jwt/strict-json.ts";

function mayAsk(declared: Json, inputRequests: Json | undefined): boolean {
  const params = { _meta: { "io.modelcontextprotocol/clientCapabilities": declared } };
  return canBeAsked({ params } as unknown as Message, inputRequests);
}

const FORM = { method: "elicitation/create", params: { message: "Which?" } };
const URL_FORM = { method: "elicitation/create", params: { mode: "url", url: "https://example.com" } };
const ROOTS = { method: "roots/list" };
const MODEL = { method: "sampling/createMessage" };

describe("a client that is asked within the answer of its call", () => {
  it.each<[string, Json, Json | undefined]>([
    ["for nothing", {}, undefined],
    ["for nothing, in so many words", {}, {}],
    ["for a form", { elicitation: { form: {} } }, { a: FORM }],
    ["for a form, having said no more of it", { elicitation: {} }, { a: FORM }],
    ["to open an address", { elicitation: { url: {} } }, { a: URL_FORM }],
    ["for all that it has", { elicitation: { form: {} }, roots: {}, sampling: {} }, { a: FORM, b: ROOTS, c: MODEL }],
  ])("has declared it: %s", (_what, declared, asked) => {
    expect(mayAsk(declared, asked)).toBe(true);
  });

  it.each<[string, Json, Json]>([
    ["a form", { roots: {}, sampling: {} }, { a: FORM }],
    ["a form, where it opens addresses", { elicitation: { url: {} } }, { a: FORM }],
    ["an address, where it fills in forms", { elicitation: { form: {} } }, { a: URL_FORM }],
    ["one of two", { roots: {} }, { a: ROOTS, b: MODEL }],
    ["roots", { elicitation: {}, sampling: {} }, { a: ROOTS }],
    ["what there is not", { elicitation: {}, tasks: {} }, { a: { method: "tasks/get" } }],
    ["what is no request", { roots: {} }, { a: "roots/list" }],
    ["what is no map", { roots: {} }, [ROOTS]],
    ["anything, where it says nothing that can be read", "all", { a: ROOTS }],
  ])("has not: %s", (_what, declared, asked) => {
    expect(mayAsk(declared, asked)).toBe(false);
  });
});
