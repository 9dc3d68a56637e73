import type { Reason } from "../audit/reason.ts";
import { formatScope } from "../policy/scope.ts";
import type { Known, RehearsalRequest } from "./rehearsal.ts";

interface Compared {
  readonly request: RehearsalRequest;
  readonly known: Known;
  readonly issuer: string;
}

/** For the reasons that are a comparison: the two sides of it, which is what people need to see. */
export function comparedValues(reason: Reason, compared: Compared): readonly string[] {
  return COMPARISONS[reason]?.(compared) ?? [];
}

const COMPARISONS: Partial<Record<Reason, (compared: Compared) => readonly string[]>> = {
  client_unknown: ({ request }) => [`client: ${request.clientId}`],
  assertion_type: ({ request }) => [`typ: ${show(request.stated.header?.["typ"])}`],
  issuer_not_trusted: ({ request }) => [`iss: ${show(request.stated.claims["iss"])}`],
  issuer_disabled: ({ request }) => [`iss: ${show(request.stated.claims["iss"])}`],
  tenant_not_bound: ({ request, known }) => [
    `tenant: ${show(request.stated.claims["tenant"])}, aud_tenant: ${show(request.stated.claims["aud_tenant"])}`,
    `bound in the issuer's document: ${show(known.idp?.tenants ?? known.idp?.organization)}`,
  ],
  algorithm_not_allowed: ({ request, known }) => [
    `alg: ${show(request.stated.header?.["alg"])}, allowed: ${show(known.idp?.algorithms)}`,
  ],
  assertion_audience: ({ request, issuer }) => [
    `aud: ${show(request.stated.claims["aud"])}, our issuer: ${show(issuer)}`,
  ],
  assertion_expired: describeWindow,
  assertion_not_yet_valid: describeWindow,
  assertion_lifetime: ({ known }) => [
    `lifetime: ${(known.idJag?.expiresAtSeconds ?? 0) - (known.idJag?.issuedAtSeconds ?? 0)} s, allowed: ${known.idp?.maximum_lifetime_seconds ?? 0} s`,
  ],
  client_mismatch: ({ request }) => [
    `client_id in the assertion: ${show(request.stated.claims["client_id"])}, the client that presents it: ${show(request.clientId)}`,
  ],
  resource_foreign: describeResources,
  resource_unknown: describeResources,
  resource_required: describeResources,
  resource_not_for_client: describeResources,
  scope_empty: ({ request, known }) => [
    `asked for: ${request.scope ?? "everything"}`,
    `asserted: ${known.idJag?.assertedScope ? formatScope(known.idJag.assertedScope) : "no scope"}`,
    `the client may have: ${known.client?.scopes === "any" ? "any" : (known.client?.scopes ?? []).join(" ")}`,
    `the server defines: ${Object.keys(known.resource?.scopes ?? {}).join(" ")}`,
  ],
  authorization_details_type_unknown: describeDetails,
  authorization_details_invalid: describeDetails,
  authorization_details_not_permitted: describeDetails,
  subject_identifier_invalid: ({ request, known }) => [
    `aud_sub: ${show(request.stated.claims["aud_sub"])}, sub_id: ${show(request.stated.claims["sub_id"])}`,
    `saml_issuer in the issuer's document: ${show(known.idp?.saml_issuer)}`,
  ],
  policy_absent: ({ known }) => [`organization: ${known.organization ?? ""}`],
};

function describeWindow({ request, known }: Compared): readonly string[] {
  const { idJag } = known;
  const until = idJag === undefined ? "" : instant(idJag.expiresAtSeconds);
  const from = idJag === undefined ? "" : instant(idJag.issuedAtSeconds);
  return [
    `issued ${from}, expires ${until}, judged as of ${instant(request.nowSeconds)}`,
    `to judge it as of when it was issued: --at ${from}`,
  ];
}

function describeDetails({ request, known }: Compared): readonly string[] {
  return [
    `asserted: ${show(request.stated.claims["authorization_details"])}`,
    `types that the server registers: ${Object.keys(known.resource?.authorization_details_types ?? {}).join(" ") || "none"}`,
  ];
}

function describeResources({ request, known }: Compared): readonly string[] {
  return [
    `asked for: ${request.resource ?? "none"}, in the assertion: ${show(known.idJag?.assertedResources ?? undefined)}`,
    `registered for the client: ${show(known.client?.resources)}`,
  ];
}

function instant(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

function show(value: unknown): string {
  return value === undefined ? "none" : JSON.stringify(value);
}
