import { deployed } from "./deployed-config.ts";
import type { Deployment } from "./deployment.ts";

export interface SubjectFiles {
  readonly deployment: Deployment;
  readonly bundleDirectory: string;
  /** Where modules are written to. */
  readonly directory: string;
  /** Where Durable Objects live. */
  readonly stateDirectory: string;
}

/** Every subject runs on what Crossgate is deployed on. */
export const platform = {
  compatibilityDate: deployed.compatibility_date,
  compatibilityFlags: deployed.compatibility_flags,
};
