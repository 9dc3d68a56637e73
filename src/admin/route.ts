import * as z from "zod";
import type { AuditFacts, RequestTrace } from "../audit/audit-event.ts";
import type { AuditAction } from "../audit/audit-type.ts";
import type { AdminRole } from "../trust/admin.ts";
import type { Admin } from "./admin.ts";
import type { AdminDependencies } from "./dependencies.ts";
import { AdminRejected } from "./rejection.ts";

export interface Answer<Body> {
  readonly status: number;
  readonly body: Body;
  readonly headers?: Readonly<Record<string, string>>;
}

type Facts = Partial<AuditFacts>;

/** What was read, or a change that is not done before its record is durable: `change` is called after that. */
export type Result<Body> =
  | { readonly facts?: Facts; readonly answer: Answer<Body> }
  | { readonly facts: Facts; readonly change: () => Promise<Answer<Body>> };

/** One authenticated and authorized call. */
export interface Call<Parameters, Body> {
  readonly admin: Admin;
  readonly trace: RequestTrace;
  readonly headers: Headers;
  /** Of the path and of the query. */
  readonly parameters: Parameters;
  readonly body: Body;
  /** The body as it was sent. */
  readonly bodyText: string;
}

interface Description {
  /** Unique, a verb and its object: the operation's name in the API's description and in the audit trail. */
  readonly id: string;
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  /** With `{parameters}`, one a segment. */
  readonly path: `/admin/v1/${string}`;
  readonly role: AdminRole;
  readonly summary: string;
  /** What the record says was done, or was to be done; `actionOf` when absent. */
  readonly action?: AuditAction;
  /** Status of the answer when all is well; 200 when absent. */
  readonly status?: number;
  readonly response: z.ZodType;
  /** Whether a request says in If-Match or If-None-Match which revision it means to replace. */
  readonly isConditional?: boolean;
}

interface Definition<
  Parameters extends z.ZodObject,
  Body extends z.ZodType,
  Output extends z.ZodType,
> extends Description {
  readonly parameters: Parameters;
  readonly body: Body;
  readonly response: Output;
  readonly handle: (
    call: Call<z.output<Parameters>, z.output<Body>>,
    uses: AdminDependencies,
  ) => Promise<Result<z.input<Output>>>;
}

export type UnparsedCall = Call<Readonly<Record<string, string>>, unknown>;

/** A row of the table: what routing, authorization and the API's description read. */
export interface AdminRoute extends Description {
  readonly parameters: z.ZodObject;
  readonly body: z.ZodType;
  readonly run: (call: UnparsedCall, uses: AdminDependencies) => Promise<Result<unknown>>;
}

/** Whoever may only look changes nothing, by whatever method. */
export function actionOf({ action, method, role }: Pick<Description, "action" | "method" | "role">): AuditAction {
  return action ?? (role === "viewer" ? "read" : actionOfMethod(method));
}

/** Of a request of which no more is known. */
export function actionOfMethod(method: string): AuditAction {
  if (method === "GET" || method === "HEAD") return "read";
  return method === "DELETE" ? "removed" : "changed";
}

/** Of a route that takes no parameters or no body. */
export const NO_PARAMETERS = z.strictObject({});
export const NO_BODY = z.null();

/**
 * Binds a handler to the schemas of what it takes and gives. What is sent is parsed before the handler sees it, and what
 * it answers is parsed too, so that the description of the API is true and nothing leaves that it does not name.
 */
export function defineRoute<Parameters extends z.ZodObject, Body extends z.ZodType, Output extends z.ZodType>(
  definition: Definition<Parameters, Body, Output>,
): AdminRoute {
  const { parameters, body, response, handle, ...description } = definition;
  const finish = (answer: Answer<unknown>): Answer<unknown> => ({ ...answer, body: response.parse(answer.body) });
  return {
    ...description,
    parameters,
    body,
    response,
    async run(call, uses) {
      const parsed = {
        ...call,
        parameters: parseOrReject(parameters, call.parameters),
        body: parseOrReject(body, call.body),
      };
      const result: Result<unknown> = await handle(parsed, uses);
      if ("answer" in result) return { ...result, answer: finish(result.answer) };
      return { facts: result.facts, change: async () => finish(await result.change()) };
    },
  };
}

/** Issues of zod's name paths and types, not the values that were sent. */
function parseOrReject<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new AdminRejected("admin_request_malformed", {
    path: (issue?.path ?? []).join("."),
    explanation: issue?.message ?? "does not fit its schema",
  });
}
