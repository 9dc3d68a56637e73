import { exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { SCHEMA_NAMES } from "../../src/metadata/published-schemas.ts";
import { ISSUER } from "../support/tenant.ts";

describe("the schemas", () => {
  it.each(SCHEMA_NAMES)("%s is there for everyone, under the URL that it names itself by", async (name) => {
    const url = `${ISSUER}/schemas/${name}.schema.json`;
    const response = await exports.default.fetch(url);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/schema+json");
    expect(response.headers.get("cache-control")).toBe("public, max-age=3600");
    const schema: unknown = await response.json();
    expect(schema).toMatchObject({ $id: url, type: "object", additionalProperties: false });
  });

  it.each(["", "other.schema.json", "constructor.schema.json", "idp", "idp.schema.json/x", "..%2fidp.schema.json"])(
    "have no %j",
    async (name) => {
      expect((await exports.default.fetch(`${ISSUER}/schemas/${name}`)).status).toBe(404);
    },
  );
});
