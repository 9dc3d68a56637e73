import * as z from "zod";
import { LIMITS } from "../limits.ts";

/** As policy, audit and the header Mcp-Name can name it; nothing that is a member of every object in JavaScript. */
const toolNameSchema = z
  .string()
  .regex(/^(?!=\?base64\?)[\x21-\x7e]+$/, "visible ASCII without spaces, since headers name it")
  .max(LIMITS.identifierBytes)
  .refine((name) => !(name in Object.prototype), "is no name for a tool");

const publishedToolSchema = z.strictObject({
  /** The identifier of the MCP server that has the tool. */
  server: z.string().min(1).max(LIMITS.urlBytes),
  /** What the tool is called there. */
  tool: toolNameSchema,
  /** What agents are told in place of the server's own words. */
  title: z.string().min(1).max(LIMITS.identifierBytes).optional(),
  description: z.string().min(1).max(LIMITS.toolDescriptionCharacters).optional(),
});

export type PublishedTool = z.output<typeof publishedToolSchema>;

/** One endpoint that offers some tools of other servers, its members, by names of its own, and nothing else of theirs. */
export const virtualServerSchema = z
  .strictObject({ tools: z.record(toolNameSchema, publishedToolSchema) })
  .refine(({ tools }) => Object.keys(tools).length > 0, { path: ["tools"], message: "names no tool" })
  .refine(({ tools }) => Object.keys(tools).length <= LIMITS.publishedTools, {
    path: ["tools"],
    message: `at most ${LIMITS.publishedTools}`,
  })
  .refine(({ tools }) => new Set(Object.values(tools).map(({ server }) => server)).size <= LIMITS.virtualMembers, {
    path: ["tools"],
    message: `of at most ${LIMITS.virtualMembers} servers`,
  });

export type PublishedTools = z.output<typeof virtualServerSchema>;

/** @returns null for a tool that is not published. */
export function findPublished({ tools }: PublishedTools, name: string): PublishedTool | null {
  return (Object.hasOwn(tools, name) ? tools[name] : undefined) ?? null;
}

/** The identifiers of its members, each once, in the order in which the document first names them. */
export function membersOf({ tools }: PublishedTools): readonly string[] {
  return [...new Set(Object.values(tools).map(({ server }) => server))];
}
