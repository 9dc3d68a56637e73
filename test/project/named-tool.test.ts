import { describe, expect, it } from "vitest";
import { toolsNamedIn } from "../../torture/mutated/named-tool.ts";

describe("the tools that a message may be taken to call", () => {
  it.each<[string, string, readonly string[]]>([
    ["its name", '{"params":{"name":"pay"}}', ["pay"]],
    ["a name in another case", '{"Params":{"NAME":"pay","name":"look"}}', ["pay", "look"]],
    ["the names of a batch", '[{"params":{"name":"pay"}},{"params":{"name":"look"}}]', ["pay", "look"]],
    ["what is no JSON", "name=pay", ["name=pay"]],
    ["what is no text", '{"params":{"name":["pay"]}}', ['["pay"]']],
    ["no argument, whatever it says", '{"params":{"arguments":{"name":"pay"},"name":"look"}}', ["look"]],
  ])("are %s", (_what, body, names) => {
    expect(toolsNamedIn(body)).toEqual(names);
  });
});
