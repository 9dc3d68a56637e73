import { readdir } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { CommandError } from "../command-error.ts";
import { callQuestionSchema } from "../explain/call-question.ts";
import { isReason } from "../explain/reasons.ts";
import { readFileText } from "../input-text.ts";
import { JsonSyntaxError, parseJsonWithPosition } from "../json-position.ts";

const expectationSchema = z
  .strictObject({
    name: z.string().min(1),
    /** Of the ID-JAG; aud, client_id, jti, iat and exp may be left out. Judged as of iat, where it is stated. */
    claims: z.record(z.string(), z.json()),
    client: z.string().min(1),
    resource: z.string().min(1).optional(),
    scope: z.string().min(1).optional(),
    /** What the client asks for of them (RFC 9396). */
    authorization_details: z.array(z.record(z.string(), z.json())).optional(),
    /** The client sends a DPoP proof. */
    dpop: z.boolean().default(false),
    /** A call with the token that the claims get; judged as of now. */
    call: callQuestionSchema.optional(),
    expect: z.enum(["granted", "refused", "forwarded", "held"]),
    granted_scope: z.string().min(1).optional(),
    reason: z.string().refine(isReason, "no reason of src/audit/reason.ts").optional(),
  })
  .refine(({ call, expect }) => expect === "refused" || (call === undefined) === (expect === "granted"), {
    path: ["expect"],
    message: "claims are granted or refused; a call is forwarded, held or refused",
  })
  .refine(({ expect, reason }) => expect === "refused" || reason === undefined, {
    path: ["reason"],
    message: "only what is refused has a reason",
  })
  .refine(({ expect, granted_scope }) => expect === "granted" || granted_scope === undefined, {
    path: ["granted_scope"],
    message: "only what is granted has a scope",
  });

export type Expectation = z.output<typeof expectationSchema>;

export interface ExpectationFile {
  readonly path: string;
  readonly expectations: readonly Expectation[];
}

/** DIR/expectations/*.json, each a list. @throws CommandError naming file, place and fix, or that there are none */
export async function readExpectations(directory: string): Promise<readonly ExpectationFile[]> {
  const folder = join(directory, "expectations");
  const names = await readdir(folder).catch(() => []);
  const paths = names.filter((name) => name.endsWith(".json") && !name.startsWith(".")).toSorted();
  if (paths.length === 0) {
    throw new CommandError(
      `${folder} holds no expectations. Write a file like [{"name": "…", "client": "…", "claims": {…}, "expect": "granted"}] there.`,
    );
  }
  return Promise.all(paths.map((name) => readExpectationFile(join(folder, name))));
}

async function readExpectationFile(path: string): Promise<ExpectationFile> {
  const parsed = z.array(expectationSchema).safeParse(parseJson(path, await readFileText(path)));
  if (parsed.success) return { path, expectations: parsed.data };
  const problems = parsed.error.issues.map(({ path: at, message }) => `${path}: ${at.join(".")}: ${message}`);
  throw new CommandError(`${problems.join("\n")}\nCorrect it; crossgate test --help lists the members there are.`);
}

function parseJson(path: string, text: string): unknown {
  try {
    return parseJsonWithPosition(text);
  } catch (error) {
    if (error instanceof JsonSyntaxError)
      throw new CommandError(`${path}: not JSON: ${error.message}. Correct it there.`);
    throw error;
  }
}
