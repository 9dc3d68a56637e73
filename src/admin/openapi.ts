import * as z from "zod";
import type { AdminRoute } from "./route.ts";

type Json = Readonly<Record<string, unknown>>;

const PROBLEM: Json = {
  description: "A problem (RFC 9457)",
  content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
};

const problemSchema = z
  .strictObject({
    title: z.string(),
    status: z.int(),
    reason: z.string().optional().describe("Absent for whoever has not proved who he is"),
    detail: z.string().optional(),
    path: z.string().optional().describe("Where in the request or in the document"),
    correlation_id: z.string().describe("Under which the audit trail has it"),
  })
  .describe("What went wrong");

const SECURITY_SCHEMES: Json = {
  admin_key: {
    type: "http",
    scheme: "Crossgate-Admin",
    description: "A JWT of type crossgate-admin+jwt by a registered key, made for one request",
  },
  cloudflare_access: { type: "apiKey", in: "header", name: "Cf-Access-Jwt-Assertion" },
};

/** OpenAPI 3.1 of the table: it is not written anywhere else. */
export function describeApi(routes: readonly AdminRoute[]): Json {
  return {
    openapi: "3.1.0",
    info: { title: "Crossgate administration", version: "1" },
    security: [{ admin_key: [] }, { cloudflare_access: [] }],
    paths: Object.fromEntries(
      [...Map.groupBy(routes, ({ path }) => path)].map(([path, those]) => [
        path,
        Object.fromEntries(those.map((route) => [route.method.toLowerCase(), describeOperation(route)])),
      ]),
    ),
    components: { schemas: { Problem: toJsonSchema(problemSchema, "output") }, securitySchemes: SECURITY_SCHEMES },
  };
}

function describeOperation(route: AdminRoute): Json {
  const body = route.body instanceof z.ZodNull ? null : toJsonSchema(route.body, "input");
  return {
    operationId: route.id,
    summary: route.summary,
    "x-role": route.role,
    parameters: describeParameters(route),
    ...(body === null ? {} : { requestBody: { required: true, content: { "application/json": { schema: body } } } }),
    responses: {
      [route.status ?? 200]: {
        description: "Done",
        content: { "application/json": { schema: toJsonSchema(route.response, "output") } },
      },
      default: PROBLEM,
    },
  };
}

function describeParameters({ path, parameters, isConditional = false }: AdminRoute): readonly Json[] {
  const { properties = {}, required = [] } = toJsonSchema(parameters, "input");
  const stated = Object.entries(properties as Json).map(([name, schema]) => {
    const isInPath = path.includes(`{${name}}`);
    return { name, in: isInPath ? "path" : "query", required: (required as string[]).includes(name), schema };
  });
  const conditions = isConditional ? ["If-Match", "If-None-Match"] : [];
  return [
    ...stated,
    ...conditions.map((name) => ({ name, in: "header", required: false, schema: { type: "string" } })),
  ];
}

function toJsonSchema(schema: z.ZodType, io: "input" | "output"): Json {
  const { $schema: _dialect, ...described } = z.toJSONSchema(schema, { io });
  return described;
}
