import { unstable_readConfig as readConfig } from "wrangler";
import * as z from "zod";
import { WRANGLER_CONFIG_PATH } from "../cli/project-paths.ts";

const bound = z.array(z.object({ binding: z.string() }));

/** What a bench needs of wrangler.toml: all that binds the Worker to something. */
const deployedSchema = z.object({
  compatibility_date: z.string(),
  compatibility_flags: z.array(z.string()),
  vars: z.record(z.string(), z.string()),
  durable_objects: z.object({ bindings: z.array(z.object({ name: z.string(), class_name: z.string() })) }),
  kv_namespaces: bound,
  r2_buckets: bound,
  d1_databases: bound,
  analytics_engine_datasets: bound,
  ratelimits: z.array(z.object({ name: z.string() })),
  queues: z.object({
    producers: bound,
    consumers: z.array(z.object({ queue: z.string(), max_batch_size: z.int() })).min(1),
  }),
});

export const deployed = deployedSchema.parse(readConfig({ config: WRANGLER_CONFIG_PATH }));
