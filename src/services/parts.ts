import type { Recorder } from "../audit/recorder.ts";
import type { SubjectNames } from "../audit/subject-names.ts";
import type { SigningKeys } from "../jwt/signing-keys.ts";
import type { Config } from "../config.ts";
import type { DpopNonces } from "../dpop/nonce.ts";
import type { Accounts } from "../../durable-objects/accounts.ts";
import type { Approvals } from "../../durable-objects/approvals.ts";
import type { ClientDocuments } from "../../durable-objects/client-documents.ts";
import type { DocumentEditor } from "../../durable-objects/document-editor.ts";
import type { IssuerKeys } from "../../durable-objects/issuer-keys.ts";
import type { LedgerShards } from "../../durable-objects/ledger-shards.ts";
import type { Revocations } from "../../durable-objects/revocations.ts";
import type { SealedTexts } from "../jwt/sealed-text.ts";
import type { Vaults } from "../../durable-objects/vaults.ts";
import type { TrustStore } from "../trust/trust-store.ts";

/** What the runtime lends us for as long as a request lasts. */
export interface Runtime {
  readonly waitUntil: (promise: Promise<unknown>) => void;
  readonly log: (entry: Record<string, string>) => void;
}

/** What every endpoint is put together from, built once an isolate. */
export interface Parts {
  readonly env: Env;
  readonly runtime: Runtime;
  readonly config: Config;
  readonly keys: SigningKeys;
  readonly ledger: LedgerShards;
  readonly recorder: Recorder;
  readonly subjectNames: SubjectNames;
  readonly trust: TrustStore;
  readonly editor: DocumentEditor;
  readonly issuerKeys: IssuerKeys;
  readonly clientDocuments: ClientDocuments;
  readonly accounts: Accounts;
  readonly approvals: Approvals;
  /** Arguments of held calls, for approvers to read. */
  readonly shownArguments: SealedTexts;
  readonly nonces: DpopNonces;
  readonly revocations: Revocations;
  readonly vaults: Vaults;
}
