import type { D1Migration } from "cloudflare:test";

/** What `test/vitest.config.ts` binds beside the deployment's own bindings. */
declare global {
  namespace Cloudflare {
    interface Env {
      readonly TEST_MIGRATIONS: D1Migration[];
    }
  }
}
