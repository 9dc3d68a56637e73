/** The first revision of MCP without sessions, whose requests mirror method and name into headers. */
export const STATELESS_VERSION = "2026-07-28";
/** The last one with them. */
export const SESSION_VERSION = "2025-11-25";
/** Those with sessions that a virtual server speaks, to its clients and to its members. */
export const SESSION_VERSIONS: readonly string[] = [SESSION_VERSION, "2025-06-18", "2025-03-26"];
