import { respondHtml, respondJson } from "../http/respond.ts";

const MESSAGE =
  "There is no interactive sign-in here. This authorization server takes an Identity Assertion JWT Authorization Grant " +
  "(ID-JAG): obtain one from your enterprise identity provider and redeem it at the token endpoint with grant_type " +
  "urn:ietf:params:oauth:grant-type:jwt-bearer (Cross App Access; MCP Enterprise-Managed Authorization).";

/** Never redirects: no redirect URI has been registered here, so following one would make this an open redirector. */
export function explainAuthorize(request: Request): Response {
  const wantsHtml = request.headers.get("accept")?.includes("text/html") === true;
  if (wantsHtml) return respondHtml(400, PAGE);
  return respondJson(400, { error: "unsupported_response_type", error_description: MESSAGE });
}

const PAGE = `<!doctype html><html lang="en"><meta charset="utf-8"><title>No interactive sign-in</title><h1>No interactive sign-in</h1><p>${MESSAGE}</p></html>`;
