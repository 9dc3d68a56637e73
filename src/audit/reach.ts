/** Tokens that are good now and rest on something, and on whom they rest. */
export interface Reach {
  readonly tokens: number;
  readonly people: number;
  readonly clients: number;
  /** Of one client at one server for one organization. */
  readonly connections: number;
}
