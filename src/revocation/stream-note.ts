/** The latest that is known of how a provider's events come here, by what it is about. */
export type StreamNote =
  /** The provider has shown that its events arrive. `state` is what whoever asked it for that gave it to say. */
  | { readonly kind: "verification"; readonly atMilliseconds: number; readonly state: string | null }
  | {
      readonly kind: "status";
      readonly atMilliseconds: number;
      readonly status: "enabled" | "paused" | "disabled";
      readonly reason: string | null;
    }
  /** That we have fetched events, or why we could not. */
  | { readonly kind: "poll"; readonly atMilliseconds: number; readonly failure: string | null };

export interface IssuerNote {
  readonly issuer: string;
  readonly note: StreamNote;
}
