/** Both colour schemes, both directions of zoom, one column: as little as makes a page pleasant to read. */
const STYLE = `:root{color-scheme:light dark;--ink:light-dark(#17202c,#e8ecf2);--soft:light-dark(#556170,#a3afbd);--paper:light-dark(#fff,#1b222c);--ground:light-dark(#eef1f5,#11161d);--line:light-dark(#d8dee6,#333d4a);--accent:light-dark(#0b57c2,#7fb2ff);--on-accent:light-dark(#fff,#0b1a30)}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--ground);color:var(--ink);font:1rem/1.55 system-ui,sans-serif}
main{width:100%;max-width:34rem;padding:2rem;background:var(--paper);border:1px solid var(--line);border-radius:.75rem}
h1{margin:0 0 .75rem;font-size:1.4rem;line-height:1.25}
p{margin:.75rem 0}
dl{margin:1.25rem 0;border-top:1px solid var(--line)}
dl>div{display:grid;grid-template-columns:9rem 1fr;gap:.25rem 1rem;padding:.6rem 0;border-bottom:1px solid var(--line)}
dt{color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere}
ul{margin:0;padding-left:1.1rem}
form{display:flex;flex-wrap:wrap;gap:.75rem;margin-top:1.5rem}
button,.button{font:inherit;font-weight:600;padding:.6rem 1.2rem;border-radius:.5rem;border:1px solid var(--line);background:transparent;color:var(--ink);cursor:pointer;text-decoration:none}
button.first,.button{background:var(--accent);border-color:var(--accent);color:var(--on-accent)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.soft{color:var(--soft);font-size:.9rem}
code{font-size:.9em;overflow-wrap:anywhere}
@media(max-width:30rem){dl>div{grid-template-columns:1fr}main{padding:1.25rem}}
`;

export function respondStyle(): Response {
  const headers = {
    "content-type": "text/css; charset=utf-8",
    "cache-control": "public, max-age=3600",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
  };
  return new Response(STYLE, { headers });
}
