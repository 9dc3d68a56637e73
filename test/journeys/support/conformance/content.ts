import type { inputRequired } from "@modelcontextprotocol/server";

/** One pixel, and a sound of no length: what the conformance suite looks at is that they arrive as they were sent. */
export const IMAGE = {
  type: "image",
  mimeType: "image/png",
  data: "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==",
} as const;
export const AUDIO = {
  type: "audio",
  mimeType: "audio/wav",
  data: "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=",
} as const;

export const text = (content: string) => ({ type: "text", text: content }) as const;

export const embedded = (uri: string, mimeType: string, content: string) =>
  ({ type: "resource", resource: { uri, mimeType, text: content } }) as const;

type Form = Parameters<typeof inputRequired.elicit>[0];

/** A form with these members, all of them to be filled in. */
export function form(message: string, properties: Record<string, object>, required = Object.keys(properties)): Form {
  return { message, requestedSchema: { type: "object", properties, required } } as Form;
}
