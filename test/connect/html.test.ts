import { describe, expect, it } from "vitest";
import { html } from "../../src/connect/html.ts";

describe("a page's markup", () => {
  it("takes every value for text", () => {
    const value = `<script>alert("1")</script> & 'x'`;
    expect(html`<p title="${value}">${value}</p>`.text).toBe(
      '<p title="&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;x&#39;">' +
        "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;x&#39;</p>",
    );
  });

  it("takes its own markup for markup, alone and in lists", () => {
    const list = ["a", "<b>"].map((item) => html`<i>${item}</i>`);
    expect(html`<b>${list}${html`<u>c</u>`}</b>`.text).toBe("<b><i>a</i><i>&lt;b&gt;</i><u>c</u></b>");
  });

  it("shows characters that nobody sees or that turn text around", () => {
    expect(html`${"pay\u202Elor\u200B\u0000\u2066\uD800"}`.text).toBe("pay\\u{202e}lor\\u{200b}\\u{0}\\u{2066}\uFFFD");
  });
});
