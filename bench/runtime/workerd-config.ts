/** The part of workerd's configuration (workerd.capnp) that a bench needs, as values. */
export interface WorkerdConfig {
  readonly services: readonly Service[];
  readonly sockets: readonly Socket[];
  readonly extensions: readonly Module[];
  /** V8's. */
  readonly engineFlags?: readonly string[];
}

export interface Module {
  readonly name: string;
  /** Relative to the configuration file. */
  readonly file: string;
}

export interface Designator {
  readonly service: string;
  readonly entrypoint?: string;
}

export interface Socket extends Designator {
  readonly name: string;
}

export type Binding = { readonly name: string } & (
  | { readonly kind: "text" | "json"; readonly value: string }
  | { readonly kind: "service" | "kvNamespace" | "r2Bucket" | "queue"; readonly to: Designator }
  | { readonly kind: "durableObjectNamespace"; readonly className: string }
  | { readonly kind: "wrapped"; readonly module: string; readonly inner: readonly Binding[] }
);

export interface WorkerService {
  readonly name: string;
  readonly modules: readonly Module[];
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
  readonly bindings: readonly Binding[];
  readonly durableObjects: readonly string[];
  /** The service whose directory keeps the Durable Objects; needed where there are any. */
  readonly storage?: string;
  /** Where `fetch` leads; nowhere when absent. */
  readonly outbound?: Designator;
}

export interface DirectoryService {
  readonly name: string;
  readonly directory: string;
}

/** A server outside this runtime, by host and port. */
export interface ExternalService {
  readonly name: string;
  readonly address: string;
}

export type Service = WorkerService | DirectoryService | ExternalService;

/** Cap'n Proto's text form. */
export function formatConfig({ services, sockets, extensions, engineFlags = [] }: WorkerdConfig): string {
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  v8Flags = ${list(engineFlags.map(quote))},
  services = ${list(services.map(formatService))},
  sockets = ${list(sockets.map(formatSocket))},
  extensions = [(modules = ${list(extensions.map((module) => formatModule(module, "internal = true, ")))})],
);
`;
}

function formatService(service: Service): string {
  const name = `name = ${quote(service.name)}`;
  if ("directory" in service) return `(${name}, disk = (path = ${quote(service.directory)}, writable = true))`;
  if ("address" in service) return `(${name}, external = (address = ${quote(service.address)}, http = ()))`;
  return `(${name}, worker = (
    modules = ${list(service.modules.map((module) => formatModule(module)))},
    compatibilityDate = ${quote(service.compatibilityDate)},
    compatibilityFlags = ${list(service.compatibilityFlags.map(quote))},
    bindings = ${list(service.bindings.map(formatBinding))},
    durableObjectNamespaces = ${list(service.durableObjects.map(formatNamespace))},
    ${service.storage === undefined ? "" : `durableObjectStorage = (localDisk = ${quote(service.storage)}),`}
    ${service.outbound === undefined ? "" : `globalOutbound = ${formatDesignator(service.outbound)},`}
  ))`;
}

function formatSocket({ name, ...to }: Socket): string {
  const http = 'http = (forwardedProtoHeader = "X-Forwarded-Proto")';
  return `(name = ${quote(name)}, address = "127.0.0.1:0", ${http}, service = ${formatDesignator(to)})`;
}

function formatModule({ name, file }: Module, prefix = ""): string {
  return `(name = ${quote(name)}, ${prefix}esModule = embed ${quote(file)})`;
}

function formatNamespace(className: string): string {
  return `(className = ${quote(className)}, uniqueKey = ${quote(className)}, enableSql = true)`;
}

function formatBinding(binding: Binding): string {
  return `(name = ${quote(binding.name)}, ${binding.kind} = ${formatBindingValue(binding)})`;
}

function formatBindingValue(binding: Binding): string {
  if ("value" in binding) return quote(binding.value);
  if ("to" in binding) return formatDesignator(binding.to);
  if ("className" in binding) return quote(binding.className);
  return `(moduleName = ${quote(binding.module)}, innerBindings = ${list(binding.inner.map(formatBinding))})`;
}

function formatDesignator({ service, entrypoint }: Designator): string {
  return `(name = ${quote(service)}${entrypoint === undefined ? "" : `, entrypoint = ${quote(entrypoint)}`})`;
}

function list(items: readonly string[]): string {
  return `[${items.join(", ")}]`;
}

/** JSON's escapes are also Cap'n Proto's, but for those by code point. */
function quote(text: string): string {
  return JSON.stringify(text).replaceAll(/\\u00([\da-f]{2})/g, "\\x$1");
}
