import type { Mutant } from "../mutant.ts";
import { ADMIN } from "./admin.ts";
import { APPROVAL } from "./approval.ts";
import { APPROVAL_DESK } from "./approval-desk.ts";
import { AUDIT } from "./audit.ts";
import { CALL_CONTENT } from "./call-content.ts";
import { CALL_LIMITS } from "./call-limits.ts";
import { CLIENT } from "./client.ts";
import { CONNECT } from "./connect.ts";
import { DPOP } from "./dpop.ts";
import { EGRESS } from "./egress.ts";
import { GATEWAY } from "./gateway.ts";
import { GRANT } from "./grant.ts";
import { GUARDRAILS } from "./guardrails.ts";
import { LEDGER } from "./ledger.ts";
import { EXPRESSIONS } from "./expressions.ts";
import { MEMBER_ANSWER } from "./member-answer.ts";
import { OAUTH_CLIENT } from "./oauth-client.ts";
import { OUTSIDE_WORDS } from "./outside-words.ts";
import { POLICY } from "./policy.ts";
import { PROVIDER_TOKENS } from "./provider-tokens.ts";
import { REDEMPTION } from "./redemption.ts";
import { REVOCATION } from "./revocation.ts";
import { TOKENS } from "./tokens.ts";
import { TOOLS } from "./tools.ts";
import { VAULT } from "./vault.ts";
import { VIRTUAL } from "./virtual.ts";
import { WIRE } from "./wire.ts";

/** Every mistake, in the order in which they are tried. */
export const MUTANTS: readonly Mutant[] = [
  ...REDEMPTION,
  ...GRANT,
  ...TOKENS,
  ...DPOP,
  ...CLIENT,
  ...LEDGER,
  ...REVOCATION,
  ...OUTSIDE_WORDS,
  ...POLICY,
  ...EXPRESSIONS,
  ...GATEWAY,
  ...TOOLS,
  ...VIRTUAL,
  ...MEMBER_ANSWER,
  ...GUARDRAILS,
  ...APPROVAL,
  ...APPROVAL_DESK,
  ...CALL_CONTENT,
  ...CALL_LIMITS,
  ...WIRE,
  ...ADMIN,
  ...EGRESS,
  ...AUDIT,
  ...PROVIDER_TOKENS,
  ...VAULT,
  ...CONNECT,
  ...OAUTH_CLIENT,
];
