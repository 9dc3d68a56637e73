/**
 * Every bound on what a stranger can make us read, compute, keep or wait for. One file, so that a reviewer can see
 * them side by side, and a test can walk them. Units are in the names.
 */
export const LIMITS = {
  /** Token endpoint form; an ID-JAG, a client assertion and their parameters fit several times over. */
  requestBodyBytes: 32 * 1024,
  /** From the first byte to the last: who holds a body open must not carry an old clock past the ledger's memory. */
  requestBodyMilliseconds: 10_000,
  formParameters: 32,
  /** Compact JWS: ID-JAG, client assertion, DPoP proof, access token. */
  jwtBytes: 16 * 1024,
  /** JSON.parse takes 100,000 nested arrays and JSON.stringify then throws, after every check has passed. */
  jsonDepth: 16,
  jsonMembers: 256,
  jsonItems: 2048,
  /** The smallest double, written out without an exponent, has 326. */
  jsonNumberCharacters: 400,
  /** Tool arguments are other people's documents: wider than a claims set, still bounded. */
  messageDepth: 64,
  messageMembers: 50_000,

  identifierBytes: 256,
  keyIdBytes: 128,
  jtiBytes: 256,
  urlBytes: 2048,
  scopeTokens: 64,
  scopeTokenBytes: 128,
  /** Nested `act` claims (RFC 8693 §4.1). */
  actorDepth: 4,
  actorCharacters: 2048,
  resourcesPerAssertion: 16,
  groupsPerAssertion: 1000,
  authenticationMethods: 16,
  emailBytes: 320,
  detailsPerRequest: 16,
  detailsCharacters: 4096,
  detailsDepth: 8,
  /** Types of authorization_details of one resource, and values that a member of one may be listed to have. */
  detailsTypes: 32,
  detailsEnumValues: 256,

  clockToleranceSeconds: 30,
  clockToleranceMaximumSeconds: 60,
  assertionLifetimeSeconds: 300,
  assertionLifetimeMaximumSeconds: 600,
  clientAssertionLifetimeSeconds: 300,
  dpopProofAgeSeconds: 60,
  dpopNonceLifetimeSeconds: 300,
  accessTokenLifetimeSeconds: 300,
  accessTokenLifetimeMaximumSeconds: 3600,
  /** Of an identity provider's own access tokens, where they are taken: they are whoever's has them until they expire. */
  providerTokenLifetimeSeconds: 3600,
  providerTokenLifetimeMaximumSeconds: 7200,
  providerClients: 1000,
  providersPerResource: 8,

  /** For how long the address that a call answers with can be opened. */
  connectLinkSeconds: 600,
  /** From each step of a person's way through /connect to the next; the ledger must remember a state for longer. */
  connectJourneySeconds: 600,
  /** Browsers drop a cookie of more than 4,096 with its name and attributes. */
  connectCookieCharacters: 4000,
  idTokenAgeSeconds: 600,

  /** Lifetime cap + 3 × largest tolerance + a minute is 840; a minute more lets a ledger's clock lag the Worker's. */
  ledgerRetentionSeconds: 900,
  /** Consumed identifiers are kept in one table a window, so that expiry drops a table instead of rows. */
  ledgerWindowSeconds: 300,
  ledgerShards: 256,
  ledgerAttempts: 4,
  /** Undelivered audit events at which a ledger stops granting: no token without a record. */
  outboxEvents: 1_000_000,
  /** Several times what real events have; an event is abridged beyond it. */
  auditEventCharacters: 8 * 1024,
  auditTextCharacters: 16 * 1024,
  /** Of a person's groups that the policy names; more than these are counted among the others. */
  auditGroups: 32,
  /** Queues take 128 KB a message and 256 KB or 100 messages a batch. */
  auditMessageBytes: 96 * 1024,
  auditMessagesPerBatch: 2,
  auditBatchRows: 1000,
  auditBatchesPerAlarm: 20,
  /** Cut and not yet confirmed by the archive: what one ledger may have in the queue. */
  auditOpenBatches: 256,
  /** A batch that the archive has not confirmed by then is sent again, few at a time and ever more seldom. */
  auditResendMilliseconds: 30_000,
  auditResendMaximumMilliseconds: 900_000,
  auditResentBatches: 10,
  auditWarnSeconds: 300,
  auditAlertSeconds: 3600,
  auditAlertEvents: 500_000,
  /** One is signed every hour; and keys should not sign for longer than this. */
  checkpointWarnSeconds: 7_800,
  checkpointAlertSeconds: 86_400,
  signingKeyAgeSeconds: 7_776_000,
  /** A sink that fails so often in a row has been away for an hour. */
  sinkFailuresAlert: 18,
  /** Of the index, in one round of upkeep: more than what an hour brings. */
  auditRetentionRows: 2000,
  auditRetentionSteps: 200,
  auditIndexDaysMaximum: 3650,
  /** What a sink's receiver is sent at once, is waited for, and is read of. Receivers commonly take a megabyte. */
  sinkMessageBytes: 512 * 1024,
  sinkMessageRecords: 1000,
  sinkAnswerMilliseconds: 15_000,
  sinkAnswerBytes: 16 * 1024,
  /** Of the archive, at once and between two alarms: a Worker's invocation may ask other services a thousand times. */
  sinkObjectsPerRead: 50,
  sinkReadBytes: 2 * 1024 * 1024,
  /** What claims one place in a chain, as far as it is looked through. */
  sinkCandidates: 300,
  /** No batch of ours is as large, so what is was put there by somebody else and is not read into memory. */
  archiveObjectBytes: 1024 * 1024,
  /** How long what the archive lacks may be put back before a sink goes on without it. */
  sinkGapMilliseconds: 3_600_000,
  sinkReadsPerAlarm: 12,
  /** From news of a record until it is sent: many batches share one look at the archive. */
  sinkDelayMilliseconds: 10_000,
  sinkRetryMinimumMilliseconds: 2_000,
  sinkRetryMaximumMilliseconds: 300_000,
  sinkChains: 4096,
  /** Combinations of type, action, decision and reason that a sink of metrics counts one by one. */
  sinkSeries: 1000,
  sinkNamesFreshMilliseconds: 60_000,
  /** Of the index, in one answer of the admin API. */
  connectionsPerPage: 100,
  peoplePerPage: 500,
  recordsPerPage: 200,
  /** Of the archive, in one answer: each object holds a message of the queue at most. */
  archiveObjectsPerPage: 30,
  /** Undelivered records that a ledger holds in memory, of the 128 MB that it has. */
  outboxMemoryBytes: 16 * 1024 * 1024,
  outboxMemoryRows: 20_000,
  auditDrainDelayMilliseconds: 5_000,
  auditRetryMinimumMilliseconds: 2_000,
  auditRetryMaximumMilliseconds: 60_000,

  /** Names in the registry, and in the memory of each isolate and ledger: about 250 bytes each. */
  fences: 100_000,
  /** Past this only an operator may name what is new; and no identity provider's signals may take more than the next. */
  fencesBeforeReserve: 80_000,
  fencesPerIssuer: 40_000,
  /** A longer name counts as several. */
  fenceNameCharacters: 200,
  fencesPerUpdate: 2_000,
  fencesPerOrder: 64,
  fencesListed: 1_000,
  /** Fetching providers' events (RFC 8936), once a minute: so many at a time, so often in a round, of so many providers. */
  pollEvents: 32,
  pollRounds: 8,
  /** Outages in one answer after which the rest is left for later. */
  pollOutages: 4,
  pollBytes: 1024 * 1024,
  pollMilliseconds: 10_000,
  pollProviders: 1_000,
  /** For counting what a signal cuts off, which its record says and nothing waits for. */
  cutOffCountMilliseconds: 1_000,
  /** What is kept of how providers' events come: three notes each, with texts that somebody will read. */
  streamNotes: 3_000,
  streamNoteCharacters: 200,
  /** How long a ledger may issue by what it has heard of revocations, and when it asks anew while it is busy. */
  fenceLeaseMilliseconds: 30_000,
  fenceRenewalMilliseconds: 10_000,
  /** Between a ledger's look at its lease and the commit; the registry waits so much longer, and a Worker no longer. */
  fenceLeaseMarginMilliseconds: 10_000,
  fenceRegistryMilliseconds: 2_000,
  fenceAnnouncementMilliseconds: 1_500,
  fenceRetryMilliseconds: 1_000,
  /** An isolate asks the registry again in passing past the first, and before it decides past the second: 5 s in all. */
  fencesFreshMilliseconds: 1_500,
  fencesStaleMilliseconds: 3_000,
  /** How often an open stream asks whether its caller has been revoked: 10 s in all. */
  streamWatchMilliseconds: 3_000,

  /** Resource servers that may ask about one resource's tokens; and who asked of what, before it is recorded again. */
  introspectionClients: 16,
  introspectionsNoted: 1_024,

  /** What KV takes as a key. */
  trustKeyBytes: 512,
  trustDocumentBytes: 256 * 1024,
  /** A thousand rules with ten thousand group identifiers take 520 KB, and 25 ms once a revision; as UTF-16 in storage 1.5 MB of 2. */
  policyDocumentBytes: 768 * 1024,
  /** Who changed a document, left beside it by the command line until a round of upkeep finds it. */
  changeNotesPerRound: 100,
  changeNoteSeconds: 7 * 86_400,
  trustDocumentFreshSeconds: 30,
  /** How long a last-known-good document outlives an outage of KV (its worst in 2025 took 2 h 28 min). */
  trustDocumentStaleSeconds: 3 * 3600,
  /** What KV promises for the spread of an edit, "or more". */
  trustSpreadSeconds: 60,
  /** How long a text that was replaced by the admin API counts as gone, wherever KV may still serve it: thrice that. */
  documentReplacedSeconds: 180,
  trustDocumentsCached: 4096,
  trustReadMilliseconds: 2_000,
  /** After KV has failed, how long an isolate goes by its copies before it asks again. */
  trustRetrySeconds: 5,
  trustCopyRenewalSeconds: 600,
  policyRules: 2000,
  expressionCharacters: 4096,
  /** Each of them at its longest, with what it compiles to: tens of megabytes. */
  expressionsRemembered: 2000,
  valuesPerSelector: 10_000,
  /** For each revision of a policy: clients at servers, with what it asks about people there. */
  askersRemembered: 1024,
  /** Each is tried against each name that a call or a list has. */
  patternsPerList: 1000,

  /** Addresses, SAML names and bound subjects that one account's document may list, each. */
  identifiersPerAccount: 16,
  accountsPerPage: 500,
  /** How long an isolate relies on a subject that it has found: what `account unbind` takes to be felt everywhere. */
  accountFreshSeconds: 30,
  accountsCached: 4096,

  keySetBytes: 64 * 1024,
  keysPerSet: 32,
  keyFetchMilliseconds: 3_000,
  keySetFreshSeconds: 300,
  keySetStaleSeconds: 3600,
  /** Whatever the outcome of the fetch: 10,000 unknown key ids a second cost two fetches a minute. */
  keySetCooldownSeconds: 30,
  keySetBackoffMinimumSeconds: 1,
  keySetBackoffMaximumSeconds: 60,
  keySetsCached: 1024,
  /** How long an isolate uses a stale set before it asks again whether there is a fresh one. */
  keySetStaleCopyMilliseconds: 5_000,

  /** Client ID Metadata Documents: 5 kilobytes, as the draft recommends (§8.6). */
  clientMetadataBytes: 5 * 1024,
  clientMetadataFetchMilliseconds: 3_000,
  /** When its headers do not say; and the bounds of what they may say. */
  clientMetadataFreshSeconds: 300,
  clientMetadataFreshMinimumSeconds: 60,
  clientMetadataFreshMaximumSeconds: 3600,
  /** How much longer a copy serves when its host does not answer. */
  clientMetadataStaleSeconds: 3600,
  /** Fetches from one origin of URLs that have never been good, and of those that have: a burst, then one in a while. */
  clientMetadataFetchBurst: 10,
  clientMetadataFetchIntervalSeconds: 6,
  clientMetadataAttemptsRemembered: 1024,
  clientMetadataCached: 1024,
  /** Folders in a pattern, and with the origin's own the number of records looked for: five at the most. */
  clientPatternDepth: 3,

  /** What an authorization server, or a protected resource about itself, answers us. */
  oauthAnswerBytes: 64 * 1024,
  oauthAnswerMilliseconds: 10_000,
  /** A token that we are issued and send on in one header; a refresh token may be as long. */
  issuedTokenCharacters: 6 * 1024,
  /** Where the answer does not say, and however much it says. */
  issuedTokenLifetimeDefaultSeconds: 300,
  issuedTokenLifetimeMaximumSeconds: 3600,
  /** A token is renewed so much before it expires, or halfway where it is short. */
  issuedTokenSkewSeconds: 30,
  /** After an upstream has refused a token, one that is younger than this is not replaced: a hundred calls that were under way make one new token. */
  issuedTokenRefusalSeconds: 5,
  /** How long an isolate goes by a token that it has been given. */
  upstreamTokenFreshSeconds: 5,
  upstreamTokensCached: 2048,
  /** In memory, of one person or one server. */
  upstreamTokensPerVault: 256,
  /** For an acquisition as a whole: three documents and three tokens at the most. */
  upstreamTokenMilliseconds: 30_000,
  /** How long a refusal is repeated without asking again; an outage as long as its back-off says. */
  acquisitionCooldownSeconds: 5,
  authorizationServerFreshSeconds: 300,
  /** Grants that one person may have given us. */
  grantsPerPerson: 256,
  /** For telling servers, in the background, of all grants of a person that have been forgotten. */
  grantRevocationMilliseconds: 30_000,
  /** In one answer of the admin API; each person's vault is asked for it. */
  connectedPeoplePerPage: 20,
  /** Of ours, by which we authenticate to others: made for one request. */
  ownClientAssertionLifetimeSeconds: 60,
  authorizationServersPerResource: 8,
  challengeCharacters: 4096,
  challengeParameters: 32,

  rsaModulusMinimumBits: 2048,
  rsaModulusMaximumBits: 4096,

  gatewayBodyBytes: 4 * 1024 * 1024,
  /** A list that is filtered is held as a whole, and so is one event of a stream in which there may be one. */
  listResultBytes: 4 * 1024 * 1024,
  /** Each is judged by itself, as the URIs of a subscription are; servers have pages. */
  listItems: 5_000,
  /** Of a list of tools whose definitions are compared with approved ones. */
  listMembers: 200_000,
  /** A list of tools that the gateway asks for itself: pages, time for all of them, and how long it then goes by it. */
  toolListPages: 20,
  toolListMilliseconds: 10_000,
  toolListFreshMilliseconds: 60_000,
  /** Of all callers of all servers, in the memory of one isolate: about 200 bytes each. */
  toolsKnown: 50_000,
  toolViewsKnown: 10_000,
  /** Tools of one list whose change is put on record, each by name. */
  changedToolsRecorded: 32,
  /** Tools that a virtual server publishes, of how many servers, and what it says of each. */
  publishedTools: 256,
  virtualMembers: 16,
  toolDescriptionCharacters: 4096,
  /** One page of a member's list of tools, several of which are held at once. */
  memberListBytes: 1024 * 1024,
  /** Until a member has said which revision of MCP it speaks, or opened a session; and how long it then goes by it. */
  memberOpenMilliseconds: 10_000,
  memberEraFreshMilliseconds: 300_000,
  memberErasKnown: 10_000,
  /** How long nothing at all comes over a stream of our own. */
  streamAliveMilliseconds: 25_000,
  resourcesPerSubscription: 100,
  /** How long a client may go on showing a list, and so what a changed policy hides. */
  listFreshMilliseconds: 60_000,
  gatewayHeaderBytes: 8 * 1024,
  /** Processors of one server, and what one elsewhere may take and answer. */
  guardrails: 16,
  guardrailMilliseconds: 10_000,
  guardrailAnswerBytes: 1024,
  /** Steps of one pattern at one place of a text, and of all patterns of a processor. */
  patternCost: 1024,
  patternsCost: 4096,
  /** Keywords that are read while arguments are held against a schema: about a tenth of a second. */
  schemaReads: 1_000_000,
  /** Until the upstream answers with headers; a tool may take its time. */
  upstreamAnswerMilliseconds: 120_000,
  /** Of an error in its own words; what is longer or slower is told by its status alone. */
  upstreamErrorBytes: 65_536,
  upstreamErrorMilliseconds: 5_000,

  /** A token about the caller, for an upstream. */
  identityTokenSeconds: 60,
  headerNameBytes: 64,
  headerFormatCharacters: 256,
  /** Of one header that we set upstream: a token of a large enterprise, and no more than servers take. */
  credentialHeaderBytes: 8 * 1024,
  secretNameCharacters: 128,
  secretValueBytes: 8 * 1024,
  /** Key-encryption keys at once: one that encrypts, one ahead, and those that records are still under. */
  vaultKeys: 8,
  /** How long an isolate goes by a secret that it has been given, and so what replacing or deleting one takes. */
  vaultSecretFreshSeconds: 30,
  vaultSecretsCached: 1024,
  vaultMilliseconds: 5_000,
  /** Named secrets of a deployment. */
  vaultSecrets: 1_000,
  secretsPerPage: 100,
  /** Wrapped anew at a time, and before other work has its turn. */
  vaultRecordsPerBatch: 100,
  vaultBatchesPerAlarm: 50,
  /** MCP servers that one secret may be restricted to. */
  resourcesPerSecret: 64,
  /** How exactly it is known when a secret was last used: each use within it is not written again. */
  vaultUseSeconds: 60,
  /** What a rule may count to: each call that is counted is remembered for as long. */
  callsPerRate: 1_000,
  rateMaximumSeconds: 3_600,
  callsAtOnce: 1_000,
  /** A call whose isolate has died counts for so long; longer than a server may take to begin its answer. */
  callLeaseMilliseconds: 150_000,
  callLeaseRenewalMilliseconds: 60_000,
  concurrencyRetryAfterSeconds: 1,

  /** A call that waits for a person, and an approval that waits for its call. */
  approvalMinimumSeconds: 30,
  approvalMaximumSeconds: 300,
  approversPerRule: 100,
  /** Undecided, approved and not yet used, or denied and still remembered: of one person, and of one organization. */
  approvalsPerPrincipal: 16,
  approvalsPerOrganization: 1_000,
  approvalsListed: 100,
  /** How long one that has ended can still be looked up. */
  approvalRetentionSeconds: 900,
  approvalRetrySeconds: 5,
  /** Of a call that approvers are shown, and of its arguments' names. What is longer nobody would read. */
  approvalArgumentsCharacters: 16_384,
  approvalArgumentNames: 64,
  /** Records on their way to the ledgers; past this nothing new is decided. */
  approvalEvents: 10_000,
  approvalEventsPerDelivery: 50,
  approvalDeliveryMilliseconds: 5_000,
  /** Of a tool, by its schema; what its server declares beyond these is between it and its clients. */
  mirroredArguments: 64,
  /** What a client brings back of a held call; a server's own state is in it. */
  heldStateCharacters: 65_536,
  subjectsPerAdmin: 16,
  groupsPerAdmin: 64,

  /** A signed admin request: made for one call, and spent by it. */
  adminRequestLifetimeSeconds: 60,
  /** A document at its largest, in UTF-8. */
  adminBodyBytes: 1536 * 1024,
  adminPathCharacters: 2048,
  documentsPerPage: 20,
  /** Of a policy, with each of their conditions in words; and of each value that is quoted there. */
  explainedRules: 100,
  documentsInStatus: 500,
  recordsPerAnswer: 20,
  /** Revisions of one document that were replaced while KV may still serve them. */
  editsRemembered: 64,

  /** Of a secret that the deployment sets; what the README makes has 44. */
  secretCharacters: 16,

  retryAfterSeconds: 2,
  rateLimitRetryAfterSeconds: 10,
} as const;
