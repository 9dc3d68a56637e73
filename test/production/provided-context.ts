export interface Listeners {
  /** Of every address of this machine, in both families. */
  readonly port: number;
  readonly hasIpv6: boolean;
  /** Answers with the connections that there have been, by the address that was connected to. */
  readonly report: string;
}

declare module "vitest" {
  interface ProvidedContext {
    listeners: Listeners;
  }
}
