import { createHash, randomUUID } from "node:crypto";
import * as z from "zod";
import type { StoreAnswer, StoreHandler, StoreRequest } from "./store-server.ts";

interface StoredObject {
  readonly value: Buffer;
  readonly etag: string;
  readonly uploadedMilliseconds: number;
}

const conditionSchema = z.object({ etagDoesNotMatch: z.array(z.looseObject({ type: z.string() })).optional() });

const requestSchema = z.discriminatedUnion("method", [
  z.object({ method: z.literal("put"), object: z.string(), onlyIf: conditionSchema.optional() }),
  z.object({ method: z.literal("get"), object: z.string() }),
  z.object({ method: z.literal("head"), object: z.string() }),
  z.object({ method: z.literal("delete"), object: z.string().optional(), objects: z.array(z.string()).optional() }),
  z.object({
    method: z.literal("list"),
    prefix: z.string().default(""),
    startAfter: z.string().default(""),
    cursor: z.string().optional(),
    limit: z.int().default(1000),
  }),
]);

type BucketRequest = z.output<typeof requestSchema>;
type Of<Method extends BucketRequest["method"]> = Extract<BucketRequest, { method: Method }>;

const METADATA_SIZE = "cf-r2-metadata-size";

/** R2, as the runtime's binding asks it: metadata before the value in one body, its length in a header. */
export class Bucket {
  readonly objects = new Map<string, StoredObject>();

  readonly handle: StoreHandler = (request) => {
    const [asked, value] = readRequest(request);
    if (asked.method === "put") return this.#put(asked, value);
    if (asked.method === "delete") return this.#delete(asked);
    return asked.method === "list" ? this.#list(asked) : this.#get(asked);
  };

  #put({ object, onlyIf }: Of<"put">, value: Buffer): StoreAnswer {
    const mustBeNew = onlyIf?.etagDoesNotMatch?.some(({ type }) => type === "wildcard") === true;
    if (mustBeNew && this.objects.has(object)) return failed(412, 10_031);
    const etag = createHash("md5").update(value).digest("hex");
    this.objects.set(object, { value, etag, uploadedMilliseconds: Date.now() });
    return found(this.#describe(object));
  }

  #get({ method, object }: Of<"get"> | Of<"head">): StoreAnswer {
    const stored = this.objects.get(object);
    if (stored === undefined) return failed(404, 10_007);
    return found(this.#describe(object), method === "get" ? stored.value : undefined);
  }

  #delete({ object, objects = [] }: Of<"delete">): StoreAnswer {
    for (const name of object === undefined ? objects : [object]) this.objects.delete(name);
    return { status: 200 };
  }

  #list({ prefix, startAfter, cursor, limit }: Of<"list">): StoreAnswer {
    const after = cursor === undefined ? startAfter : Buffer.from(cursor, "base64").toString();
    const names = [...this.objects.keys()].filter((name) => name.startsWith(prefix) && name > after).toSorted();
    const page = names.slice(0, limit);
    const truncated = names.length > limit;
    const next = truncated ? { cursor: Buffer.from(page.at(-1) ?? "").toString("base64") } : {};
    return found({ objects: page.map((name) => this.#describe(name)), truncated, delimitedPrefixes: [], ...next });
  }

  #describe(name: string): object {
    const { value, etag, uploadedMilliseconds } = this.objects.get(name) ?? EMPTY;
    const version = randomUUID().replaceAll("-", "");
    const numbers = { size: String(value.length), uploaded: String(uploadedMilliseconds) };
    return { name, version, etag, ...numbers, httpFields: {}, customFields: [], checksums: { 0: etag } };
  }
}

const EMPTY: StoredObject = { value: Buffer.alloc(0), etag: "0".repeat(32), uploadedMilliseconds: 0 };

function readRequest({ headers, body }: StoreRequest): readonly [BucketRequest, Buffer] {
  const inHeader = headers["cf-r2-request"];
  if (typeof inHeader === "string") return [requestSchema.parse(JSON.parse(inHeader)), Buffer.alloc(0)];
  const size = Number(headers[METADATA_SIZE]);
  return [requestSchema.parse(JSON.parse(body.subarray(0, size).toString())), body.subarray(size)];
}

function found(metadata: object, value: Buffer = Buffer.alloc(0)): StoreAnswer {
  const head = Buffer.from(JSON.stringify(metadata));
  return { status: 200, headers: { [METADATA_SIZE]: String(head.length) }, body: Buffer.concat([head, value]) };
}

function failed(status: number, v4code: number): StoreAnswer {
  return { status, headers: { "cf-r2-error": JSON.stringify({ version: 1, v4code, message: "no" }) } };
}
