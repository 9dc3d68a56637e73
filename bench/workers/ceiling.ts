/** The ceiling: what the runtime itself can answer, with nothing done. */
export default {
  fetch(): Response {
    return Response.json({ access_token: "none", token_type: "Bearer", expires_in: 300 });
  },
} satisfies ExportedHandler;
