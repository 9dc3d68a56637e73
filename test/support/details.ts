import type { Members } from "./documents.ts";

/** Types of authorization_details as a server registers them: one that may be narrowed, one that may not. */
export const DETAILS_TYPES: Members = {
  payment: {
    description: "Pay from an account",
    schema: {
      type: "object",
      properties: {
        account: { type: "string", minLength: 1, maxLength: 64 },
        amount: { type: "number", minimum: 0, maximum: 10_000 },
        actions: { type: "array", items: { type: "string", enum: ["read", "pay", "cancel"] }, uniqueItems: true },
        locations: { type: "array", items: { type: "string" } },
      },
      required: ["account"],
      additionalProperties: false,
    },
    narrowable: ["amount", "actions"],
  },
  "https://example.com/folder": {
    description: "Work in a folder",
    schema: {
      type: "object",
      properties: {
        path: { type: "string" },
        flags: {
          type: "object",
          properties: { recursive: { type: "boolean" } },
          required: [],
          additionalProperties: false,
        },
      },
      required: ["path"],
      additionalProperties: false,
    },
  },
};

export const PAYMENT: Members = { type: "payment", account: "account-one", amount: 100, actions: ["read", "pay"] };
export const FOLDER: Members = { type: "https://example.com/folder", path: "/reports", flags: { recursive: true } };
