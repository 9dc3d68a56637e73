import * as z from "zod";
import { AmbiguousJson, type JsonObject, parseStrictObject } from "../../src/jwt/strict-json.ts";
import { CommandError } from "../command-error.ts";
import { readFileText, readStandardInput } from "../input-text.ts";

const members = z.record(z.string(), z.json());

/** A call as people write it down: of a tool, or any method of MCP with its parameters. */
export const callQuestionSchema = z.union(
  [
    z.strictObject({ tool: z.string().min(1), arguments: members.default({}) }),
    z.strictObject({ method: z.string().min(1), params: members.default({}) }),
  ],
  { error: 'write {"tool": "…", "arguments": {…}} or {"method": "…", "params": {…}}' },
);
export type CallQuestion = z.output<typeof callQuestionSchema>;

/** @param source JSON, a path, or - for standard input. @throws CommandError naming it */
export async function readCall(source: string): Promise<CallQuestion> {
  const isJson = source.trimStart().startsWith("{");
  const text = isJson ? source : await (source === "-" ? readStandardInput("the call, as JSON") : readFileText(source));
  const name = isJson ? "--call" : `--call ${source}`;
  const parsed = callQuestionSchema.safeParse(parse(text.trim(), name));
  if (parsed.success) return parsed.data;
  throw new CommandError(`${name}: ${parsed.error.issues.map(({ message }) => message).join("; ")}.`);
}

function parse(text: string, name: string): JsonObject {
  try {
    return parseStrictObject(text);
  } catch (error) {
    if (!(error instanceof AmbiguousJson)) throw error;
    throw new CommandError(`${name}: ${error.message}. Write {"tool": "…", "arguments": {…}}.`);
  }
}

/** The message that an agent would send. */
export function messageOf(question: CallQuestion): string {
  const { method, params } =
    "tool" in question
      ? { method: "tools/call", params: { name: question.tool, arguments: question.arguments } }
      : question;
  return JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
}
