import { COMPANIONS } from "./companions.ts";
import { ID_JAG } from "./id-jag.ts";
import { MCP } from "./mcp.ts";
import type { Requirement } from "./requirement.ts";

/** What is asked of this system and of those around it, in the order of the documents. */
export const REQUIREMENTS: readonly Requirement[] = [...ID_JAG, ...MCP, ...COMPANIONS];
