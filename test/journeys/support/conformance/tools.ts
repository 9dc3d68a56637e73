import { randomUUID } from "node:crypto";
import {
  acceptedContent,
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  createRequestStateCodec,
  fromJsonSchema,
  inputRequired,
  type InputRequiredResult,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { AUDIO, embedded, form, IMAGE, text } from "./content.ts";

type Arguments = Readonly<Record<string, unknown>>;
type Answer = CallToolResult | InputRequiredResult;
type Call = (given: Arguments, context: ServerContext) => Answer | Promise<Answer>;

/** Multi-round-trip state comes back by way of the client: sealed, so that it comes back as it was. */
export const states = createRequestStateCodec<Record<string, unknown>>({
  key: crypto.getRandomValues(new Uint8Array(32)),
});

const says = (...content: CallToolResult["content"]): CallToolResult => ({ content });
const always =
  (...content: CallToolResult["content"]): Call =>
  () =>
    says(...content);

const NAME_FORM = (message: string) => inputRequired.elicit(form(message, { name: { type: "string" } }));
const CONFIRM_FORM = inputRequired.elicit(form("Please confirm", { ok: { type: "boolean" } }));
const ask = (question: string, maxTokens = 50) =>
  inputRequired.createMessage({
    messages: [{ role: "user", content: { type: "text", text: question } }],
    maxTokens,
  } as never);

const responseTo = (context: ServerContext, name: string): Record<string, unknown> | undefined =>
  context.mcpReq.inputResponses?.[name] as Record<string, unknown> | undefined;
const nameIn = (context: ServerContext, form_: string): string | undefined =>
  acceptedContent<{ name: string }>(context.mcpReq.inputResponses, form_)?.name;

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

/** What a server of sessions asks of its client while it answers. */
const elicit =
  (request: (given: Arguments) => ReturnType<typeof form>, title: string): Call =>
  async (given, { mcpReq }) => {
    const answer = (await mcpReq.send({ method: "elicitation/create", params: request(given) } as never)) as Arguments;
    return says(
      text(`${title}: action=${String(answer["action"])}, content=${JSON.stringify(answer["content"] ?? {})}`),
    );
  };

const option = (value: string, title: string) => ({ const: value, title });
const OPTIONS = ["option1", "option2", "option3"];
const TITLED = [option("value1", "First"), option("value2", "Second"), option("value3", "Third")];

const DEFAULTS = {
  name: { type: "string", default: "John Doe" },
  age: { type: "integer", default: 30 },
  score: { type: "number", default: 95.5 },
  status: { type: "string", enum: ["active", "inactive", "pending"], default: "active" },
  verified: { type: "boolean", default: true },
};
const ENUMS = {
  untitledSingle: { type: "string", enum: OPTIONS },
  titledSingle: { type: "string", oneOf: TITLED },
  legacyEnum: { type: "string", enum: ["opt1", "opt2", "opt3"], enumNames: ["One", "Two", "Three"] },
  untitledMulti: { type: "array", minItems: 1, maxItems: 3, items: { type: "string", enum: OPTIONS } },
  titledMulti: { type: "array", minItems: 1, maxItems: 3, items: { anyOf: TITLED } },
};

const logs: Call = async (_given, { mcpReq }) => {
  for (const data of ["started", "processing", "completed"]) {
    await mcpReq.notify({ method: "notifications/message", params: { level: "info", data } });
    await pause();
  }
  return says(text("logged"));
};

const progresses: Call = async (_given, { mcpReq }) => {
  const progressToken = mcpReq._meta?.progressToken;
  for (const progress of progressToken === undefined ? [] : [0, 50, 100]) {
    const params = { progressToken, progress, total: 100 } as never;
    await mcpReq.notify({ method: "notifications/progress", params });
    await pause();
  }
  return says(text(String(progressToken ?? "")));
};

const samples: Call = async ({ prompt }, { mcpReq }) => {
  const messages = [{ role: "user", content: text(String(prompt)) }];
  const answer = (await mcpReq.send({
    method: "sampling/createMessage",
    params: { messages, maxTokens: 100 },
  } as never)) as { content?: { text?: string } };
  return says(text(`LLM response: ${answer.content?.text ?? ""}`));
};

const asksName: Call = (_given, context) => {
  const name = nameIn(context, "user_name");
  if (typeof name === "string") return says(text(`Hello, ${name}!`));
  return inputRequired({ inputRequests: { user_name: NAME_FORM("What is your name?") } });
};

const asksModel: Call = (_given, context) => {
  const answer = responseTo(context, "capital_question");
  if (answer !== undefined) return says(text(`Sampling response: ${JSON.stringify(answer["content"])}`));
  return inputRequired({ inputRequests: { capital_question: ask("What is the capital of France?", 100) } });
};

const asksRoots: Call = (_given, context) => {
  const roots = responseTo(context, "client_roots")?.["roots"];
  if (Array.isArray(roots)) return says(text(`${roots.length} root(s)`));
  return inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } });
};

const confirms =
  (tool: string): Call =>
  async (_given, { mcpReq }) => {
    const isConfirmed = acceptedContent(mcpReq.inputResponses, "confirm") !== undefined;
    if (isConfirmed && mcpReq.requestState() !== undefined) return says(text("state-ok"));
    return inputRequired({
      inputRequests: { confirm: CONFIRM_FORM },
      requestState: await states.mint({ tool, nonce: randomUUID() }),
    });
  };

const asksThree: Call = async (_given, context) => {
  const [name, greeting, roots] = [
    nameIn(context, "user_name"),
    responseTo(context, "greeting"),
    responseTo(context, "client_roots"),
  ];
  if (name !== undefined && greeting !== undefined && roots !== undefined) return says(text(`Hello ${name}`));
  return inputRequired({
    inputRequests: {
      user_name: NAME_FORM("What is your name?"),
      greeting: ask("Generate a greeting"),
      client_roots: inputRequired.listRoots(),
    },
    requestState: await states.mint({ tool: "multiple_inputs", nonce: randomUUID() }),
  });
};

const asksTwice: Call = async (_given, { mcpReq }) => {
  const { round = 0 } = mcpReq.requestState<{ round?: number }>() ?? {};
  if (round >= 2) return says(text("Multi-round complete"));
  return inputRequired({
    inputRequests: { [`step${round + 1}`]: NAME_FORM(`Step ${round + 1}`) },
    requestState: await states.mint({ tool: "multi_round", round: round + 1, nonce: randomUUID() }),
  });
};

const asksWhatIsDeclared: Call = (_given, { mcpReq }) => {
  const declared = (mcpReq.envelope as Record<string, Arguments> | undefined)?.[CLIENT_CAPABILITIES_META_KEY];
  const inputRequests = {
    ...(declared?.["elicitation"] !== undefined && { user_name: NAME_FORM("What is your name?") }),
    ...(declared?.["sampling"] !== undefined && { greeting: ask("Generate a short greeting") }),
    ...(declared?.["roots"] !== undefined && { client_roots: inputRequired.listRoots() }),
  };
  if (mcpReq.inputResponses !== undefined || Object.keys(inputRequests).length === 0) return says(text("fulfilled"));
  return inputRequired({ inputRequests });
};

const asksUndeclared: Call = (_given, context) => {
  if (responseTo(context, "llm_answer") !== undefined) return says(text("sampled"));
  return inputRequired({ inputRequests: { llm_answer: ask("Reply with one word") } });
};

interface Tool {
  readonly call: Call;
  /** JSON Schema, written so that annotations of it survive; a tool without arguments when absent. */
  readonly properties?: Record<string, object>;
}

/** The tools that the suite calls, by the names that it has for them. */
export const TOOLS: Readonly<Record<string, Tool>> = {
  test_simple_text: { call: always(text("This is a simple text response for testing.")) },
  test_image_content: { call: always(IMAGE) },
  test_audio_content: { call: always(AUDIO) },
  test_embedded_resource: {
    call: always(embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")),
  },
  test_multiple_content_types: {
    call: always(text("Multiple"), IMAGE, embedded("test://mixed-content-resource", "application/json", "{}")),
  },
  test_error_handling: {
    call: () => {
      throw new Error("This tool intentionally returns an error for testing");
    },
  },
  test_tool_with_logging: { call: logs },
  test_tool_with_progress: { call: progresses },
  test_sampling: { call: samples, properties: { prompt: { type: "string" } } },
  test_elicitation: {
    call: elicit(({ message }) => form(String(message), { response: { type: "string" } }), "User response"),
    properties: { message: { type: "string" } },
  },
  test_elicitation_sep1034_defaults: {
    call: elicit(() => form("Review the defaults", DEFAULTS, []), "Elicitation completed"),
  },
  test_elicitation_sep1330_enums: { call: elicit(() => form("Select", ENUMS, []), "Elicitation completed") },
  test_x_mcp_header: {
    call: ({ region }) => says(text(`region=${String(region)}`)),
    properties: { region: { type: "string", "x-mcp-header": "Region" }, level: { type: "integer" } },
  },
  test_missing_capability: { call: asksUndeclared },
  test_streaming_elicitation: { call: always(text("no request of the server's own")) },
  test_logging_tool: {
    call: async (_given, { mcpReq }) => {
      await mcpReq.log("info", "only when it was asked for");
      return says(text("logged"));
    },
  },
  test_input_required_result_elicitation: { call: asksName },
  test_input_required_result_sampling: { call: asksModel },
  test_input_required_result_list_roots: { call: asksRoots },
  test_input_required_result_request_state: { call: confirms("request_state") },
  test_input_required_result_tampered_state: { call: confirms("tampered_state") },
  test_input_required_result_multiple_inputs: { call: asksThree },
  test_input_required_result_multi_round: { call: asksTwice },
  test_input_required_result_capabilities: { call: asksWhatIsDeclared },
};

export const inputSchemaOf = ({ properties = {} }: Tool) =>
  fromJsonSchema<Record<string, unknown>>({ type: "object", properties });
