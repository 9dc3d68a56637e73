import * as z from "zod";
import { explainedSchema } from "../../explain/explained.ts";
import type { RehearsalRequest } from "../../explain/rehearsal.ts";
import type { JsonObject } from "../../jwt/strict-json.ts";
import { LIMITS } from "../../limits.ts";
import { defineRoute, NO_PARAMETERS } from "../route.ts";

/** As a token request would bring it; redemption's own limits are asked of it all the same. */
const parameter = z.string().max(LIMITS.requestBodyBytes).nullable().default(null);
const jsonObject = z.record(z.string(), z.unknown());

const questionSchema = z.strictObject({
  client: z.string().min(1).max(LIMITS.urlBytes).describe("The client that presents the ID-JAG"),
  header: jsonObject.nullable().default(null).describe("Of the ID-JAG; null for claims that somebody wrote down"),
  claims: jsonObject.describe("Of the ID-JAG; without a header, aud, client_id, jti, iat and exp may be left out"),
  resource: parameter.describe("That the client asks for, as are the two below"),
  scope: parameter,
  authorization_details: parameter,
  proves_key: z.boolean().default(false).describe("The client sends a DPoP proof"),
  at: z.iso.datetime({ offset: true }).optional().describe("As of then; now when absent"),
});

export const explainDecision = defineRoute({
  id: "explain_decision",
  method: "POST",
  path: "/admin/v1/explain",
  role: "viewer",
  summary: "Why these claims would be granted or refused now, by the checks that decide; nothing is issued or used up",
  parameters: NO_PARAMETERS,
  body: questionSchema,
  response: explainedSchema,
  async handle({ body, trace }, uses) {
    const explained = await uses.explain(requestOf(body, trace.receivedAtMilliseconds));
    // What we know by our own documents is on record; what somebody merely asked about is not.
    const { organization, resource } = explained;
    return { facts: { organization, resource }, answer: { status: 200, body: explained } };
  },
});

function requestOf(question: z.output<typeof questionSchema>, nowMilliseconds: number): RehearsalRequest {
  const { client, header, claims, resource, scope, authorization_details, proves_key, at } = question;
  const milliseconds = at === undefined ? nowMilliseconds : Date.parse(at);
  return {
    // Parsed from JSON text, by the reader that also reads assertions.
    stated: { header: header as JsonObject | null, claims: claims as JsonObject },
    clientId: client,
    resource,
    scope,
    authorizationDetails: authorization_details,
    provesKey: proves_key,
    nowSeconds: Math.floor(milliseconds / 1000),
  };
}
