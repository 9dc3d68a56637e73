import * as z from "zod";

export const healthFindingSchema = z.strictObject({
  severity: z.enum(["warn", "alert"]).describe("alert: something is refused, or may be lost, until somebody acts"),
  what: z.string().describe("A name out of a closed set"),
  says: z.string(),
  fix: z.string(),
});

export type HealthFinding = z.output<typeof healthFindingSchema>;
