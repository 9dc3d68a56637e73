import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { compileCallExpression } from "./expression.ts";
import { compileGlobs } from "./glob.ts";
import { listedBy, type Operation, type OperationKind } from "./operation.ts";
import { isDoubtfulTemplate, isDoubtfulUri } from "./resource-uri.ts";
import { scopeTokenSchema } from "./scope.ts";
import { annotationsSchema, denyMeans, permitMeans, type ToolFacts } from "./tool-annotations.ts";

const patternsSchema = z.union([
  z.literal("any"),
  z.array(z.string().min(1).max(LIMITS.urlBytes)).max(LIMITS.patternsPerList).readonly(),
]);

const callExpressionSchema = z.string().superRefine((text, context) => {
  const compiled = compileCallExpression(text);
  if (typeof compiled !== "function") context.addIssue({ code: "custom", message: compiled.flaw });
});

const ONLY_TOOLS = {
  path: ["annotations"],
  message: "only tools have them: write another rule for what else is listed",
};

/**
 * Which calls at the gateway a rule is about: those that any of the lists names. In a list, * stands for any run of
 * characters. Without it a rule is about every call.
 */
const selection = {
  /** Whole JSON-RPC methods, e.g. "prompts/get". */
  methods: patternsSchema.optional(),
  tools: patternsSchema.optional(),
  prompts: patternsSchema.optional(),
  /** URIs of resources: to read, and to subscribe to. */
  resources: patternsSchema.optional(),
  /** Of the tools that the lists name, or of all, those that say this of themselves: a claim, where nobody has approved them. */
  annotations: annotationsSchema.optional(),
  /** Common Expression Language over the request's facts, `method`, `name` and `arguments`. An error in it denies. */
  condition: callExpressionSchema.optional(),
};

export const deniedCallsSchema = z.strictObject(selection).refine(isAboutTools, ONLY_TOOLS);
export const permittedCallsSchema = z
  .strictObject({
    ...selection,
    /** All of these must be in the token, beside one whose meaning covers the call; asked for in one challenge. */
    scopes_required: z.array(scopeTokenSchema).min(1).max(LIMITS.scopeTokens).readonly().optional(),
  })
  .refine(isAboutTools, ONLY_TOOLS);

function isAboutTools(calls: Partial<Record<"annotations" | "methods" | "prompts" | "resources", unknown>>): boolean {
  const { annotations, methods, prompts, resources } = calls;
  return annotations === undefined || [methods, prompts, resources].every((list) => list === undefined);
}

type Patterns = z.output<typeof patternsSchema>;
export type DeniedCalls = z.output<typeof deniedCallsSchema>;
export type PermittedCalls = z.output<typeof permittedCallsSchema>;

const LISTS = { tool: "tools", prompt: "prompts", resource: "resources" } as const satisfies Record<
  OperationKind,
  keyof DeniedCalls
>;

/** @returns whether a deny with these lists names the call; where a URI can be read in two ways, it does. */
export function deniedCallsName(calls: DeniedCalls, operation: Operation): boolean {
  if (calls.annotations !== undefined) {
    if (operation.kind !== "tool" || !isListed(calls, operation)) return false;
    const tool = toolOf(operation);
    return tool !== "to_be_learned" && denyMeans(calls.annotations, tool);
  }
  return isListed(calls, operation) || (calls.resources !== undefined && isDoubtful(operation));
}

/**
 * @returns whether a permit with these lists names the call. Who may call some tools may ask which there are: the list
 * shows those alone.
 */
export function permittedCallsName(calls: PermittedCalls, operation: Operation): boolean {
  const { name, method } = operation;
  const listed = listedBy(method);
  if (calls.annotations !== undefined) {
    if (listed === "tool") return true;
    if (operation.kind !== "tool" || !isListed(calls, operation)) return false;
    const tool = toolOf(operation);
    return tool === "to_be_learned" || permitMeans(calls.annotations, tool);
  }
  if (listed !== null && calls[LISTS[listed]] !== undefined) return true;
  if (name === null || !isDoubtful(operation)) return isListed(calls, operation);
  return isWithoutLists(calls) || names(calls.methods, method) || isNamedExactly(calls.resources, name);
}

/** @throws TypeError where nobody has looked: the rule then fails, and what fails denies */
function toolOf({ tool }: Operation): ToolFacts | "to_be_learned" {
  if (tool === undefined) throw new TypeError("the tool's annotations are not known");
  return tool;
}

function isListed(calls: DeniedCalls, { method, kind, name }: Operation): boolean {
  if (isWithoutLists(calls)) return true;
  return names(calls.methods, method) || (kind !== null && name !== null && names(calls[LISTS[kind]], name));
}

function isWithoutLists({ methods, tools, prompts, resources }: DeniedCalls): boolean {
  return [methods, tools, prompts, resources].every((list) => list === undefined);
}

function names(patterns: Patterns | undefined, text: string): boolean {
  if (patterns === undefined) return false;
  return patterns === "any" || compileGlobs(patterns)(text);
}

function isNamedExactly(patterns: Patterns | undefined, name: string): boolean {
  return patterns === "any" || (patterns?.some((pattern) => pattern === "*" || pattern === name) ?? false);
}

/** A completion is about a template, and so may be an item of a list. */
function isDoubtful({ kind, name, method, arguments: given }: Operation): boolean {
  if (kind !== "resource" || name === null) return false;
  const mayBeTemplate = method === "completion/complete" || given === null;
  return mayBeTemplate ? isDoubtfulTemplate(name) : isDoubtfulUri(name);
}
