import * as z from "zod";
import { isObject, type Json } from "../jwt/strict-json.ts";

/** What a server says of a tool's behaviour (MCP, ToolAnnotations), in MCP's own words. */
export interface ToolAnnotations {
  readonly readOnlyHint: boolean;
  readonly destructiveHint: boolean;
  readonly idempotentHint: boolean;
  readonly openWorldHint: boolean;
}

/** What a tool's annotations are taken for: a claim by its server, until people have approved the definition. */
export interface ToolFacts {
  readonly annotations: ToolAnnotations;
  readonly isApproved: boolean;
}

/** MCP's defaults for a tool that says nothing: the worst of each. */
export const UNANNOTATED: ToolAnnotations = {
  readOnlyHint: false,
  destructiveHint: true,
  idempotentHint: false,
  openWorldHint: true,
};

/** Reads `annotations` of a tool's definition. What is no boolean says nothing. */
export function readAnnotations(stated: Json | undefined): ToolAnnotations {
  const given = isObject(stated) ? stated : {};
  const hint = (name: keyof ToolAnnotations): boolean => {
    const value = given[name];
    return typeof value === "boolean" ? value : UNANNOTATED[name];
  };
  const openWorldHint = hint("openWorldHint");
  // The two others mean something only for a tool that changes its environment.
  if (hint("readOnlyHint")) return { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint };
  const [destructiveHint, idempotentHint] = [hint("destructiveHint"), hint("idempotentHint")];
  return { readOnlyHint: false, destructiveHint, idempotentHint, openWorldHint };
}

const hintSchema = z.boolean().optional();

/** Tools that say all of this of themselves. */
export const annotationsSchema = z
  .strictObject({
    readOnlyHint: hintSchema,
    destructiveHint: hintSchema,
    idempotentHint: hintSchema,
    openWorldHint: hintSchema,
  })
  .refine((hints) => Object.values(hints).some((hint) => hint !== undefined), "names no hint");

export type AnnotationSelector = z.output<typeof annotationsSchema>;

/**
 * @returns whether a permit means this tool. Of one that nobody has approved it is not enough to say so: it must also be
 * meant if it said nothing. So a lie never grants more than silence does.
 */
export function permitMeans(selector: AnnotationSelector, tool: ToolFacts): boolean {
  return readingsOf(tool).every((reading) => fits(selector, reading));
}

/** @returns whether a deny means this tool: by what it says, or, unapproved, by what it might as well not have said. */
export function denyMeans(selector: AnnotationSelector, tool: ToolFacts): boolean {
  return readingsOf(tool).some((reading) => fits(selector, reading));
}

function readingsOf({ annotations, isApproved }: ToolFacts): readonly ToolAnnotations[] {
  return isApproved ? [annotations] : [annotations, UNANNOTATED];
}

function fits(selector: AnnotationSelector, annotations: ToolAnnotations): boolean {
  return (Object.keys(annotations) as (keyof ToolAnnotations)[]).every(
    (hint) => selector[hint] === undefined || selector[hint] === annotations[hint],
  );
}
