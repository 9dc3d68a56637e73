import type { Advisory } from "./advisory.ts";
import { AUTHORIZATION_SERVERS } from "./authorization-servers.ts";
import { GATEWAYS } from "./gateways.ts";
import { TOKEN_LIBRARIES } from "./token-libraries.ts";

export const ADVISORIES: readonly Advisory[] = [...AUTHORIZATION_SERVERS, ...TOKEN_LIBRARIES, ...GATEWAYS];
