import type { DocumentKind } from "../../src/trust/documents.ts";
import type { StoredDocument } from "../backend/trust-backend.ts";
import type { Deployment } from "../deployment.ts";
import type { TrustDocument } from "../trust-documents.ts";
import { readTrustSet } from "../trust-set.ts";
import type { CheckedTrust } from "./checked-trust.ts";
import { findSubjectLikeClients } from "./client-ids.ts";
import { findUnregisteredTypes } from "./details-types.ts";
import { findMisleadingFileNames } from "./file-names.ts";
import { findApprovalFlaws } from "./approved-tools.ts";
import { compareFindings, type Finding } from "./finding.ts";
import { findIdleRules } from "./idle-rules.ts";
import { findLookAlikes } from "./look-alikes.ts";
import { findDanglingReferences } from "./references.ts";
import { findProviderOddities } from "./provider-oddities.ts";
import { findProviderTokenFlaws } from "./provider-tokens.ts";
import { readTrustFiles } from "./trust-files.ts";
import { findOwnAudiences } from "./upstream-audiences.ts";
import { findUrlFlaws, WIDEST_RULES } from "./urls.ts";
import { findVirtualFlaws } from "./virtual-servers.ts";

export interface CheckOptions {
  readonly deployment: Deployment;
  readonly nowMilliseconds: number;
  /** What is in force beside the files: they may refer to it. Its own faults are not theirs. */
  readonly inForce?: readonly StoredDocument[];
}

export interface CheckResult {
  readonly documents: readonly TrustDocument[];
  readonly findings: readonly Finding[];
}

/** Everything that is wrong, or odd, about a trust directory, before anybody relies on it. */
export async function checkTrust(directory: string, options: CheckOptions): Promise<CheckResult> {
  const { documents, brokenKeys, findings } = await readTrustFiles(directory);
  const trust = surround(documents, brokenKeys, options);
  const files = new Set(documents.map(({ path }) => path));
  const about = [
    findUrlFlaws(trust),
    findOwnAudiences(trust),
    findLookAlikes(trust),
    findSubjectLikeClients(trust),
    findDanglingReferences(trust),
    findVirtualFlaws(trust),
    findProviderOddities(trust),
    findProviderTokenFlaws(trust),
    findUnregisteredTypes(trust),
    findIdleRules(trust, options.nowMilliseconds),
    await findApprovalFlaws(trust),
  ].flat();
  const all = [...findings, ...about.filter(({ file }) => files.has(file)), ...findMisleadingFileNames(documents)];
  return { documents, findings: all.toSorted(compareFindings) };
}

function surround(
  documents: readonly TrustDocument[],
  brokenKeys: readonly string[],
  { deployment, inForce = [] }: CheckOptions,
): CheckedTrust {
  const paths = new Map(documents.map(({ key, path }) => [key, path]));
  const others = inForce.filter(({ key }) => !paths.has(key));
  const set = readTrustSet([...others, ...documents], WIDEST_RULES);
  return {
    set,
    broken: new Set([...set.broken.map(({ key }) => key), ...brokenKeys]),
    deployment,
    fileOf: (kind: DocumentKind, name: string) => paths.get(`${kind}:${name}`) ?? `${kind}:${name}`,
  };
}
