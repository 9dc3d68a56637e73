/** Of the Worker's runtime, what its gateway is typed by and Node's own types lack: commands rehearse calls with it. */
interface AnalyticsEngineDataset {
  writeDataPoint(point?: { indexes?: string[]; blobs?: string[]; doubles?: number[] }): void;
}

interface Transformer {
  cancel?: (reason: unknown) => void | PromiseLike<void>;
}

interface Request {
  readonly cf?: unknown;
}

declare function clearTimeout(timer: NodeJS.Timeout | null): void;
