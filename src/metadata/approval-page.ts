import { organizationOf } from "../approval/approval-id.ts";
import { respondHtml, respondJson } from "../http/respond.ts";

/**
 * Where a client leads its user whose call is held. It decides nothing and knows nothing of the call, so that neither the
 * user nor his agent can do anything here: approvers decide by the admin API, under their own names.
 */
export function explainApproval(request: Request): Response {
  const id = new URL(request.url).pathname.slice("/approvals/".length);
  return organizationOf(id) === null ? respondJson(404, { error: "not_found" }) : respondHtml(200, pageOf(id));
}

/** The grammar of ids leaves nothing to escape. */
function pageOf(id: string): string {
  const title = "This call waits for approval";
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><h1>${title}</h1>
<p>Your organization wants a person to approve it before it is made. Approvers find it as</p><p><code>${id}</code></p>
<p>and decide with <code>npx crossgate approval show ${id}</code>. Once it is approved, let your agent try again.
Nothing can be approved on this page.</p></html>`;
}
