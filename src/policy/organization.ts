import * as z from "zod";

/** The customer that an identity provider speaks for, by the name that policies, accounts and records have of it. */
export const organizationSchema = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,64}$/, "use 1 to 64 letters, digits, dots, dashes and underscores")
  // A URL's parser takes these for steps, so that no request could name them.
  .refine((name) => name !== "." && name !== "..", "use a letter or a digit as well");
