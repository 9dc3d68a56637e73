import * as z from "zod";
import { readSound } from "../document-text.ts";
import { judgeHealth } from "../health.ts";
import { healthFindingSchema } from "../health-finding.ts";
import { defineRoute, NO_BODY, NO_PARAMETERS } from "../route.ts";
import { describeKeySet, readDocuments } from "../stored-documents.ts";

export const readHealth = defineRoute({
  id: "read_health",
  method: "GET",
  path: "/admin/v1/health",
  role: "viewer",
  summary: "What somebody should look at, in words, and what mends it; the worst first",
  parameters: NO_PARAMETERS,
  body: NO_BODY,
  response: z.strictObject({ healthy: z.boolean(), findings: z.array(healthFindingSchema) }),
  async handle({ trace }, uses) {
    const { documents } = await readDocuments(uses);
    const sound = documents.map((document) => ({ ...document, ...readSound(document, uses.rules) }));
    const nowMilliseconds = trace.receivedAtMilliseconds;
    const [keySets, trail, vault, indexAnswers] = await Promise.all([
      Promise.all(sound.flatMap(({ parsed }) => describeKeySet(parsed, uses))),
      uses.readTrail().catch(() => null),
      uses.vault.status().catch(() => null),
      uses.audit.readActivity(nowMilliseconds).then(
        () => true,
        () => false,
      ),
    ]);
    const findings = judgeHealth({ documents: sound, keySets, trail, vault, indexAnswers, nowMilliseconds });
    return { answer: { status: 200, body: { healthy: findings.length === 0, findings: [...findings] } } };
  },
});
