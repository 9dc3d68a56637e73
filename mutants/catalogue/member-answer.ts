import { type Mutant, seed } from "../mutant.ts";

const area = "virtual";
const ABUSE = "test/abuse/virtual-server.test.ts";

/** What a member of a virtual server says, and what of it must not reach a caller. */
export const MEMBER_ANSWER: readonly Mutant[] = [
  ...seed({
    area,
    file: "src/gateway/virtual/member-answer.ts",
    tests: [ABUSE],
    mistakes: [
      [
        "anybodys-answer",
        "any answer passes for the one to this call",
        "if (!isSame(id, answering.message.id)) return null;",
        "",
      ],
      [
        "any-result-type",
        "a result that nobody could go on from is passed on",
        'if (resultType !== "complete" && !isQuestion(resultType, others["inputRequests"], answering)) return null;',
        "",
      ],
      [
        "question-to-anybody",
        "a question is passed on where nobody could answer it",
        " && answering.isMemberStateless && answering.isClientStateless;",
        ";",
      ],
      [
        "question-undeclared",
        "a client is asked for what it has not said that it can do",
        " && canBeAsked(answering.message, inputRequests);",
        ";",
      ],
      [
        "anybodys-progress",
        "news of another call is passed on",
        'if (isProgress && (progressToken === null || !isSame(params["progressToken"], progressToken))) return "";',
        "",
      ],
      [
        "any-news",
        "whatever a member announces is passed on",
        "if (isNotice) return translateNews(message, answering);",
        "if (isNotice) return data;",
      ],
      [
        "folded-answer",
        "an answer in another case is passed on",
        "  if (!isAnswerSpelledExactly(message)) return null;\n",
        "",
      ],
      [
        "question-in-stream",
        "a member's request is passed on as news",
        'typeof message["method"] === "string" && !("id" in message)',
        'typeof message["method"] === "string"',
      ],
      [
        "client-session-ended",
        "a member's status passes for ours",
        "body === null || (status >= 300 && !(isClientStateless && isMemberStateless))",
        "body === null",
      ],
    ],
  }),
];
