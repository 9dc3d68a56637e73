import worker, { AssertionLedger as RealLedger } from "../../src/worker.ts";
import type { ConsumeRequest, ConsumeResult } from "../../durable-objects/assertion-ledger.ts";

/** Crossgate as it is deployed, with a door by which revocations are put in, or left out of what ledgers decide. */
let looksAtFences = true;

// What is declared here stands before what the star brings.
export * from "../../src/worker.ts";

export class AssertionLedger extends RealLedger {
  override consume(request: ConsumeRequest): ConsumeResult | Promise<ConsumeResult> {
    return super.consume(looksAtFences ? request : { ...request, fenced: null });
  }
}

export default worker satisfies ExportedHandler<Env>;

const FENCES_PER_CALL = 1000;

/** POST /fences?count=N blocks so many tokens that nobody has; POST /none has ledgers decide without looking. */
export const control = {
  async fetch(request, env): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/none") looksAtFences = false;
    const registry = env.REVOCATION_REGISTRY.getByName("registry/v1");
    const count = Number(searchParams.get("count") ?? 0);
    for (let from = 0; from < count; from += FENCES_PER_CALL) {
      const fences = Array.from({ length: Math.min(FENCES_PER_CALL, count - from) }, (_, at) => ({
        name: `token:${crypto.randomUUID()}-${from + at}`,
        notBeforeMilliseconds: 0,
        blocks: { operator: { atMilliseconds: 1, isBlocked: true } },
        expiresAtMilliseconds: null,
      }));
      // oxlint-disable-next-line no-await-in-loop -- one after the other, as they would come
      if ((await registry.join(fences, "client")) === null) return new Response(null, { status: 507 });
    }
    return new Response(null, { status: 204 });
  },
} satisfies ExportedHandler<Env>;
