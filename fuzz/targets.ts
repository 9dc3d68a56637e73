import type { Target } from "./target.ts";
import { CLIENT_METADATA, EXPRESSION, POLICY } from "./targets/documents.ts";
import { FORM, JSON_OBJECT, MESSAGE, URLS } from "./targets/requests.ts";
import { ASSERTION, CLAIMS, SECURITY_EVENT } from "./targets/tokens.ts";

export const TARGETS: readonly Target[] = [
  ASSERTION,
  CLAIMS,
  FORM,
  JSON_OBJECT,
  MESSAGE,
  URLS,
  POLICY,
  EXPRESSION,
  CLIENT_METADATA,
  SECURITY_EVENT,
];
