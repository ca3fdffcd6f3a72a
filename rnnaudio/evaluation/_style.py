"""The look of a report page: light and dark, no font, image or script from elsewhere."""

STYLE = """
:root {
  color-scheme: light dark;
  --ink: #1c2430; --soft: #5b6675; --line: #dfe4ea; --paper: #ffffff; --back: #f4f6f9;
  --hit: #2e7d5b; --sub: #a85200; --del: #b3182f; --ins: #6238b0;
  --sub-back: #fdf0e0; --del-back: #fde8ea; --ins-back: #efe9fb;
  --text: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
  --mono: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e4e8ee; --soft: #9aa6b6; --line: #333c49; --paper: #1a2029; --back: #12171e;
    --hit: #55b489; --sub: #f3b061; --del: #ff8f9d; --ins: #c2a5ff;
    --sub-back: #3a2a14; --del-back: #431d24; --ins-back: #2e2450;
  }
}

* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink); font: 16px/1.5 var(--text); }
main { max-width: 66rem; margin: 0 auto; padding: 2.5rem 1.5rem 4rem; }
h1 { margin: 0 0 .3rem; font-size: 1.9rem; line-height: 1.2; letter-spacing: -.01em; }
h2 { margin: 2.6rem 0 .8rem; font-size: 1.2rem; }
h3 { margin: 0; font-size: .9rem; font-weight: 600; color: var(--soft); }
p { margin: .3rem 0; text-wrap: pretty; }
.soft { color: var(--soft); }
.small { font-size: .86rem; }
.box { padding: 1rem 1.2rem; overflow-x: auto; background: var(--paper);
  border: 1px solid var(--line); border-radius: .6rem; }

dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.2rem; margin: 1rem 0 0; }
dt { color: var(--soft); font-size: .9rem; }
dd { margin: 0; font: .86rem/1.6 var(--mono); overflow-wrap: anywhere; }

.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: 1rem;
  margin: 1.6rem 0 1rem; }
.figures p { text-wrap: balance; }
.figures b { display: block; font-size: 2rem; line-height: 1.35; font-weight: 650; letter-spacing: -.02em; }

table { width: 100%; border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; }
th { text-align: left; font-size: .82rem; font-weight: 600; color: var(--soft); }
th, td { padding: .36rem .7rem; border-bottom: 1px solid var(--line); }
tbody tr:last-child td { border-bottom: 0; }
th.n, td.n { text-align: right; white-space: nowrap; }
td.bar { width: 28%; min-width: 7rem; }

.track { display: flex; height: .62rem; overflow: hidden; background: var(--back); border-radius: .2rem; }
i.hit { background: var(--hit); }
i.sub { background: var(--sub); }
i.del { background: var(--del); }
i.ins { background: var(--ins); }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.6rem; margin-top: .7rem; font-size: .88rem; }
.legend i { display: inline-block; width: .7rem; height: .7rem; margin-right: .45rem; border-radius: .2rem; }

.matrix { width: auto; }
.matrix th { border: 0; }
.matrix th[scope="row"] { text-align: right; }
.matrix th[scope="col"] { text-align: center; }
.matrix td { min-width: 3.6rem; padding: .34rem; text-align: center; border: 1px solid var(--paper); }

article { margin: .7rem 0; }
article header { margin-bottom: .4rem; font-size: .86rem; color: var(--soft); }
article header b { font-weight: 600; color: var(--ink); }
.words { display: flex; flex-wrap: wrap; gap: .35rem; font: .88rem/1.55 var(--mono); }
.words div { padding: .1rem .4rem; border: 1px solid transparent; border-radius: .35rem; }
.words div span { display: block; min-height: 1.55em; white-space: pre; }
.words .names { padding-left: 0; color: var(--soft); font-family: var(--text); }
.words .sub, .tag.sub { color: var(--sub); background: var(--sub-back); border-color: currentcolor; }
.words .del, .tag.del { color: var(--del); background: var(--del-back); border-color: currentcolor; }
.words .ins, .tag.ins { color: var(--ins); background: var(--ins-back); border-color: currentcolor; }
.words .del span { text-decoration: line-through; }
.words .ins span { text-decoration: underline; text-underline-offset: .2em; }
.tag { padding: .05rem .45rem; border: 1px solid; border-radius: .35rem; font-size: .84rem; }

@media print { body { background: none; } .box { break-inside: avoid; } }
"""
