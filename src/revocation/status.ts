/** How far a version has come. Nothing is issued against it any more once nobody is waited for. */
export interface RevocationStatus {
  readonly version: number;
  readonly isEffective: boolean;
  /** Ledgers that have not said that they know, and may still be issuing. */
  readonly waitingFor: number;
  /** Ledgers that may be issuing at all; those that are idle ask before they issue again. */
  readonly ledgers: number;
  /** Whose connected accounts could not be ended yet; it is tried again until it is done. */
  readonly peopleStillConnected: number;
}
