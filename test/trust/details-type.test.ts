import { describe, expect, it } from "vitest";
import { parseStrictObject } from "../../src/jwt/strict-json.ts";
import { detailsTypeSchema, fitsDetailsType } from "../../src/trust/details-type.ts";
import { DETAILS_TYPES } from "../support/details.ts";
import type { Members } from "../support/documents.ts";

const payment = detailsTypeSchema.parse(DETAILS_TYPES["payment"]);

function typeOf(schema: Members, narrowable: readonly string[] = []): unknown {
  return {
    description: "d",
    schema: { type: "object", properties: {}, additionalProperties: false, ...schema },
    narrowable,
  };
}

describe("a type of authorization_details", () => {
  it.each<[string, unknown]>([
    ["an object that is open", typeOf({ additionalProperties: true })],
    ["an object that does not say", typeOf({ additionalProperties: undefined })],
    ["an open object further in", typeOf({ properties: { a: { type: "object", properties: {} } } })],
    ["a pattern, which can be made to backtrack", typeOf({ properties: { a: { type: "string", pattern: "(a+)+$" } } })],
    ["a reference", typeOf({ properties: { a: { $ref: "https://evil.example/schema" } } })],
    ["a combination", typeOf({ anyOf: [{}] })],
    ["a format", typeOf({ properties: { a: { type: "string", format: "uri" } } })],
    ["no type", typeOf({ properties: { a: {} } })],
    ["several types", typeOf({ properties: { a: { type: ["string", "number"] } } })],
    ["its own name again", typeOf({ properties: { type: { type: "string" } } })],
    ["a narrowable member that there is not", typeOf({}, ["amount"])],
    ["a narrowable text", typeOf({ properties: { a: { type: "string" } } }, ["a"])],
    ["a narrowable number without a minimum", typeOf({ properties: { a: { type: "number" } } }, ["a"])],
    ["a narrowable name that every object has", typeOf({}, ["toString"])],
  ])("may not have %s", (_what, type) => {
    expect(detailsTypeSchema.safeParse(type).success).toBe(false);
  });

  it.each([
    ['{"account":"a"}', true],
    ['{"account":"a","amount":0}', true],
    ['{"account":"a","amount":-1}', false],
    ['{"account":"a","amount":10001}', false],
    ['{"account":"a","actions":["pay","pay"]}', false],
    ['{"account":""}', false],
    ['{"account":null}', false],
    ['{"account":["a"]}', false],
    ['{"account":"a","__proto__":{"admin":true}}', false],
    ['{"account":"a","constructor":1}', false],
    ['{"account":"a","toString":1}', false],
    ['{"account":"a","hasOwnProperty":1}', false],
    ['{"__proto__":{"account":"a"}}', false],
    ["{}", false],
  ])("fits or does not: %s", (text, fits) => {
    expect(fitsDetailsType(parseStrictObject(text), payment)).toBe(fits);
  });
});
