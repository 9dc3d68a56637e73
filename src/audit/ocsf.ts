import type { AuditEvent } from "./audit-event.ts";
import type { AuditAction, AuditType } from "./audit-type.ts";

/** https://schema.ocsf.io/1.6.0: what the identifiers below mean. */
const OCSF_VERSION = "1.6.0";

const AUTHORIZE_SESSION = { category: 3, class: 3003 } as const;
const ENTITY_MANAGEMENT = { category: 3, class: 3004 } as const;
const API_ACTIVITY = { category: 6, class: 6003 } as const;

/** Each type of event by the class that a SIEM files it under. */
const CLASS_OF = {
  redemption: AUTHORIZE_SESSION,
  gateway_call: API_ACTIVITY,
  introspection: API_ACTIVITY,
  connection: AUTHORIZE_SESSION,
  configuration: ENTITY_MANAGEMENT,
  key_set: ENTITY_MANAGEMENT,
  revocation: ENTITY_MANAGEMENT,
  signal_stream: ENTITY_MANAGEMENT,
  admin_action: ENTITY_MANAGEMENT,
  key_rotation: ENTITY_MANAGEMENT,
  tool_definition: ENTITY_MANAGEMENT,
  approval: ENTITY_MANAGEMENT,
} as const satisfies Record<AuditType, { readonly category: number; readonly class: number }>;

const CREATE = 1;
const READ = 2;
const UPDATE = 3;
const DELETE = 4;
const OTHER = 99;
const ASSIGN_PRIVILEGES = 1;

const ACTIVITY_OF = {
  changed: UPDATE,
  removed: DELETE,
  invalid: READ,
  fetched: READ,
  rotated: UPDATE,
  failed: READ,
  revoked: DELETE,
  lifted: UPDATE,
  verified: READ,
  updated: UPDATE,
  read: READ,
  created: CREATE,
  exported: READ,
  approved: UPDATE,
  denied: UPDATE,
  retired: DELETE,
  unapproved: READ,
  missing: READ,
  asked: CREATE,
  expired: DELETE,
  consumed: UPDATE,
} as const satisfies Record<AuditAction, number>;

const INFORMATIONAL = 1;
const LOW = 2;
const MEDIUM = 3;
const SEVERITY_OF = { granted: INFORMATIONAL, done: INFORMATIONAL, refused: LOW, failed: MEDIUM } as const;
const SUCCESS = 1;
const FAILURE = 2;

/** What has a place of its own in OCSF; the rest of an event goes along as `unmapped`. */
const MAPPED: ReadonlySet<string> = new Set([
  "version",
  "id",
  "time",
  "type",
  "reason",
  "correlation_id",
  "trace_id",
  "organization",
  "method",
  "upstream_status",
]);

/** One event in the Open Cybersecurity Schema Framework's terms: an object ready to be sent as JSON. */
export function toOcsf(event: AuditEvent): Record<string, unknown> {
  const { category, class: classId } = CLASS_OF[event.type];
  const activity = activityOf(event);
  const isDone = event.decision === "granted" || event.decision === "done";
  return {
    category_uid: category,
    class_uid: classId,
    activity_id: activity,
    type_uid: classId * 100 + activity,
    time: Date.parse(event.time),
    severity_id: SEVERITY_OF[event.decision],
    status_id: isDone ? SUCCESS : FAILURE,
    ...(event.reason === null ? {} : { status_detail: event.reason }),
    metadata: metadataOf(event),
    ...partiesOf(event),
    ...DETAILS_OF[classId](event),
    unmapped: Object.fromEntries(Object.entries(event).filter(([name, value]) => value !== null && !MAPPED.has(name))),
  };
}

const BASE_EVENT = 0;
const UNKNOWN = 0;

/** A record that this version of the Worker cannot read, and so cannot file: OCSF's base event, with all of it inside. */
export function unreadToOcsf({ id, text, time }: Record<"id" | "text", string> & { readonly time: number }) {
  const product = { vendor_name: "Crossgate", name: "Crossgate" };
  return {
    category_uid: UNKNOWN,
    class_uid: BASE_EVENT,
    activity_id: UNKNOWN,
    type_uid: BASE_EVENT,
    time,
    severity_id: UNKNOWN,
    metadata: { version: OCSF_VERSION, product, uid: id },
    raw_data: text,
  };
}

function activityOf({ type, action, method }: AuditEvent): number {
  if (type === "redemption" || type === "connection") return ASSIGN_PRIVILEGES;
  if (type === "gateway_call") return /\/(?:list|read|get)$/.test(method ?? "") ? READ : OTHER;
  return action === null ? OTHER : ACTIVITY_OF[action];
}

function metadataOf({ id, type, correlation_id, trace_id, organization }: AuditEvent): Record<string, unknown> {
  return {
    version: OCSF_VERSION,
    product: { vendor_name: "Crossgate", name: "Crossgate" },
    uid: id,
    event_code: type,
    correlation_uid: correlation_id,
    ...(organization === null ? {} : { tenant_uid: organization }),
    ...(trace_id === null ? {} : { trace_uid: trace_id }),
  };
}

/** Whoever acts: the administrator, or the agent, for the person whom the event names as its user. */
function partiesOf({ admin, client_id, issuer, subject }: AuditEvent): Record<string, unknown> {
  const user = { uid: admin ?? subject ?? "unknown" };
  return {
    actor: {
      user,
      ...(client_id === null ? {} : { app_uid: client_id }),
      ...(issuer === null ? {} : { idp: { uid: issuer } }),
    },
    user,
  };
}

const DETAILS_OF = {
  3003: ({ scope_granted, token_id, resource }: AuditEvent) => ({
    privileges: (scope_granted ?? "").split(" ").filter((token) => token !== ""),
    session: { uid: token_id ?? "none" },
    ...(resource === null ? {} : { dst_endpoint: { svc_name: resource } }),
  }),
  3004: (event: AuditEvent) => ({ entity: entityOf(event) }),
  6003: ({ method, target, resource, client_id, upstream_status, credential }: AuditEvent) => ({
    api: { operation: method ?? "unknown", ...(resource === null ? {} : { service: { name: resource } }) },
    src_endpoint: { svc_name: client_id ?? "unknown" },
    ...(target === null ? {} : { resources: [{ name: target }] }),
    ...(credential === null ? {} : { dst_endpoint: { hostname: credential.upstream_host } }),
    ...(upstream_status === null ? {} : { http_response: { code: upstream_status } }),
  }),
};

/** What was managed: the first that the event names, from the narrowest. */
function entityOf({
  type,
  document_key,
  key_id,
  token_id,
  subject,
  client_id,
  issuer,
}: AuditEvent): Record<string, string> {
  const name = document_key ?? key_id ?? token_id ?? subject ?? client_id ?? issuer ?? "crossgate";
  return { type, name };
}
