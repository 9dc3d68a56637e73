import type { Approval, Decision, DecisionResult } from "../approval/approval.ts";
import type { AuditEvent } from "../audit/audit-event.ts";
import type { Ask } from "../audit/statement.ts";
import type { Reach } from "../audit/reach.ts";
import type { Reason } from "../audit/reason.ts";
import type { Explained } from "../explain/explained.ts";
import type { RehearsalRequest } from "../explain/rehearsal.ts";
import type { ReplacedDocument } from "../revocation/document-fence.ts";
import type { Fence } from "../revocation/fence.ts";
import type { Order } from "../revocation/orders.ts";
import type { IssuerNote } from "../revocation/stream-note.ts";
import type { RevocationStatus } from "../revocation/status.ts";
import type { EgressRules } from "../egress/url-policy.ts";
import type { Account, AccountConflict, AccountsToWrite, FoundAccount } from "../trust/account.ts";
import type { SubjectKey } from "../policy/subject-key.ts";
import type { AdminDirectory } from "./authentication/authenticate-admin.ts";

export interface SpendableRequest {
  readonly admin: string;
  readonly jti: string;
  readonly attemptId: string;
  readonly retainUntilSeconds: number;
}

/** The part of the recorder that is used here. */
interface AdminRecorder {
  /** @throws Outage: without a record there is no answer */
  readonly record: (event: AuditEvent) => Promise<void>;
  readonly recordInBackground: (event: AuditEvent) => void;
  readonly count: (channel: "admin", reason: Reason) => void;
}

interface Stored {
  readonly text: string;
  readonly revision: string;
}

/** Trust and policy as they are edited: durable-objects/document-editor.ts. */
interface EditableDocuments {
  /** @throws Outage trust_unavailable */
  readonly read: (key: string) => Promise<Stored | null>;
  /** @throws Outage trust_unavailable */
  readonly edit: (request: {
    readonly key: string;
    readonly expected: string | null;
    readonly text: string | null;
  }) => Promise<"edited" | "mismatch">;
  /** @throws Outage trust_unavailable */
  readonly list: (
    prefix: string,
    cursor: string | null,
  ) => Promise<{ readonly documents: readonly (Stored & { readonly key: string })[]; readonly cursor: string | null }>;
}

interface AuditIndex {
  /** Questions to the index of records. @throws Outage audit_index_unavailable */
  readonly ask: Ask;
  /** Serialized records, in the order of time. */
  readonly findByCorrelation: (correlationId: string) => Promise<readonly string[]>;
  /** Of the hour before. */
  readonly readActivity: (nowMilliseconds: number) => Promise<{
    readonly last_event: string | null;
    readonly last_hour: Readonly<Record<string, number>>;
  }>;
}

/** Of one identity provider's keys, as their object has them; nothing is fetched for it. */
export interface KeySetStatus {
  readonly keys: number;
  readonly fetched_at: string | null;
  readonly attempted_at: string | null;
  readonly failures: number;
}

export interface ShardStatus {
  readonly shard: number;
  readonly pending: number | null;
}

/** How far the records have come: what nobody's request shows. */
export interface AuditTrail {
  /** By number; null for one that does not answer. */
  readonly ledgers: readonly (LedgerBacklog | null)[];
  readonly sinks: readonly SinkProgress[];
  /** When the newest checkpoint was signed; null where there is none, or the archive does not answer. */
  readonly checkpointAtMilliseconds: number | null;
  /** Records that the archive has and the index lacks; null where the index does not answer. */
  readonly indexBehind: number | null;
  /** Since when each secret has had the same current key, as far as that is known. */
  readonly keysSinceMilliseconds: Readonly<Record<string, number>>;
}

interface LedgerBacklog {
  readonly pending: number;
  readonly oldestPending: number | null;
  readonly archived: number;
}

interface SinkProgress {
  readonly name: string;
  readonly isReachable: boolean;
  /** Records that the archive has and it was not sent. */
  readonly behind: number;
  readonly failures: number;
  readonly error: string;
  readonly deliveredAtMilliseconds: number;
  readonly rejected: number;
  readonly missed: number;
  readonly unread: number;
}

/** The registry: durable-objects/revocations.ts. */
interface RevocationOrders {
  /** @throws Outage */
  readonly order: (names: readonly string[], order: Order) => Promise<RevocationStatus>;
  readonly replaceDocument: (replaced: ReplacedDocument) => Promise<RevocationStatus>;
  readonly status: (version: number) => Promise<RevocationStatus>;
  readonly list: (prefix: string) => Promise<readonly Fence[]>;
  readonly streamNotes: () => Promise<readonly IssuerNote[]>;
}

/** The directories: durable-objects/accounts.ts. Each may throw Outage accounts_unavailable. */
interface AccountDirectories {
  readonly list: (organization: string, after: string) => Promise<readonly Account[]>;
  readonly find: (organization: string, account: string) => Promise<FoundAccount | null>;
  /** Whose account a subject is bound to; null for one that is bound to none. */
  readonly accountOf: (organization: string, subject: SubjectKey) => Promise<string | null>;
  /** All or none. @returns what stands in the way */
  readonly put: (organization: string, accounts: AccountsToWrite) => Promise<readonly AccountConflict[]>;
  readonly remove: (organization: string, account: string) => Promise<boolean>;
  readonly unbind: (organization: string, subject: SubjectKey) => Promise<boolean>;
}

/** The desks: durable-objects/approvals.ts. Each may throw Outage approvals_unavailable. */
interface ApprovalDesks {
  readonly list: (organization: string) => Promise<readonly Approval[]>;
  readonly find: (id: string) => Promise<Approval | null>;
  readonly decide: (decision: Decision) => Promise<Exclude<DecisionResult, "backlogged">>;
}

/** Upstream credentials: durable-objects/vaults.ts. Each may throw Outage vault_unavailable or vault_keys_unavailable. */
interface SecretVault {
  /** @returns null when there is no room for another */
  readonly setSecret: (secret: {
    readonly name: string;
    readonly value: string;
    readonly resources: readonly string[] | null;
  }) => Promise<{ readonly isNew: boolean; readonly kid: string } | null>;
  readonly listSecrets: (after: string) => Promise<
    readonly {
      readonly name: string;
      readonly resources: readonly string[] | null;
      readonly kid: string;
      readonly createdAtMilliseconds: number;
      readonly changedAtMilliseconds: number;
      readonly usedAtMilliseconds: number | null;
    }[]
  >;
  readonly hasSecret: (name: string) => Promise<boolean>;
  readonly deleteSecret: (name: string) => Promise<boolean>;
  readonly startRotation: () => Promise<void>;
  readonly status: () => Promise<VaultState>;
}

export interface VaultState {
  readonly currentKid: string | null;
  readonly secretsByKey: Readonly<Record<string, number>>;
  readonly vaults: number;
  readonly rotation: {
    readonly startedAtMilliseconds: number;
    readonly finishedAtMilliseconds: number | null;
    readonly vaultsDone: number;
    readonly rewrapped: number;
    readonly damaged: number;
    readonly failures: number;
  } | null;
}

interface VaultOwner {
  readonly organization: string;
  /** The principal. */
  readonly owner: string;
}

/** One thing that a person has connected: durable-objects/described-connections.ts. */
export interface AccountConnection {
  readonly kind: "identity" | "grant";
  readonly id: string;
  readonly state: "connected" | "renewing" | "expired" | "lost" | "unreadable";
  readonly terms: {
    readonly authorizationServer: string;
    readonly clientId: string;
    readonly scope: string | null;
    readonly connectedAtMilliseconds: number;
    readonly tokenExpiresAtMilliseconds: number | null;
    readonly isRenewable: boolean;
  } | null;
  readonly changedAtMilliseconds: number;
  readonly usedAtMilliseconds: number | null;
  readonly failure: { readonly reason: string; readonly atMilliseconds: number } | null;
}

export interface ConnectedPerson extends VaultOwner {
  readonly subjects: readonly { readonly issuer: string; readonly tenant: string | null; readonly sub: string }[];
  /** null where their vault does not answer. */
  readonly connections: readonly AccountConnection[] | null;
}

/** What people have connected: durable-objects/connections.ts. Each may throw Outage vault_unavailable. */
interface AccountConnections {
  readonly listPeople: (wanted: {
    readonly organization: string | null;
    readonly principal: string | null;
    readonly issuer: string | null;
    readonly sub: string | null;
    readonly after: VaultOwner | null;
  }) => Promise<readonly ConnectedPerson[]>;
  /** @returns how many there were */
  readonly disconnect: (owner: VaultOwner, connection: Pick<AccountConnection, "kind" | "id">) => Promise<number>;
}

/** All that administration may use. What a route needs beyond this is added here, and built in services/admin-services.ts. */
export interface AdminDependencies extends AdminDirectory {
  readonly recorder: AdminRecorder;
  readonly documents: EditableDocuments;
  readonly audit: AuditIndex;
  readonly keySetStatus: (issuer: string, jwksUri: string) => Promise<KeySetStatus>;
  /** Objects of the archive in the order of their names, from behind one on. @throws Outage audit_archive_unavailable */
  readonly readArchive: (after: string) => Promise<readonly { readonly name: string; readonly text: string }[]>;
  /** @throws what the stores throw */
  readonly readTrail: () => Promise<AuditTrail>;
  readonly ledgerStatus: () => Promise<readonly ShardStatus[]>;
  readonly rules: EgressRules;
  /** By this deployment's own documents. */
  readonly explain: (request: RehearsalRequest) => Promise<Explained>;
  readonly revocations: RevocationOrders;
  readonly accounts: AccountDirectories;
  readonly approvals: ApprovalDesks;
  /** What a held call says, as it was sealed; null where it cannot be opened any more. */
  readonly openCall: (sealed: string, key: string) => Promise<string | null>;
  readonly vault: SecretVault;
  readonly connections: AccountConnections;
  /** Ours, whether they sign now or are only published. */
  readonly signingKeyIds: readonly string[];
  /** Whether there ever was a token of which these tell, as far back as the index goes; people by their plain names. */
  readonly wasGranted: (members: Readonly<Record<string, string>>) => Promise<boolean>;
  /** By the plain names of people, however records spell them. */
  readonly countLiveTokens: (members: Readonly<Record<string, string>>) => Promise<Reach>;
  /** Until an edit is in force everywhere: KV spreads it, and an isolate goes by its copy for a while. */
  readonly documentsSpreadSeconds: number;
  /** By network, before anything is known about the caller. */
  readonly isNetworkWithinRate: (request: Request) => Promise<boolean>;
  readonly isAdminWithinRate: (name: string) => Promise<boolean>;
  readonly consumeRequest: (spendable: SpendableRequest) => Promise<"consumed" | "replayed">;
  /** Told the class of what was thrown, never its text. */
  readonly reportFault: (correlationId: string, cause: unknown) => void;
}
