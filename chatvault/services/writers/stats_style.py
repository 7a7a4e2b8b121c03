"""How the page of numbers looks: on paper and screens, narrow and wide, light and dark."""

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #fbfaf6; --card: #ffffff; --ink: #2c2a27; --soft: #6c675f; --line: #e4dfd5;
  --p0: #3f6f94; --p1: #c47f4e; --p2: #6f9461; --p3: #8d6ea3; --p4: #b89b3a; --p5: #4b9491;
  --p6: #a39d93; --h0: #f0ece3; --h1: #dde6ea; --h2: #c2d5df; --h3: #a3c1d1; --h4: #82abc2;
  --h5: #6394b2; --h6: #497da0; --h7: #33658a; --h8: #234d6e; --warm: #fbf1e3; --edge: #e3b57c;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #1b1c1f; --card: #232529; --ink: #e9e5dd; --soft: #a29c92; --line: #383a3f;
    --p0: #7fb2d6; --p1: #dfa274; --p2: #9dc38e; --p3: #bd9fd2; --p4: #d9c06b; --p5: #7fc6c2;
    --p6: #8a867e; --h0: #26292d; --h1: #283642; --h2: #2b4456; --h3: #2f546c; --h4: #376684;
    --h5: #44799b; --h6: #588eb1; --h7: #74a7c9; --h8: #9cc6e2; --warm: #2d2820; --edge: #8f6c3d;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
main { max-width: 62rem; margin: 0 auto; padding: 3.5rem 1.5rem 2rem; }
h1, h2, .tiles dd { font-family: ui-serif, Georgia, "Noto Serif", serif; font-weight: 500; }
h1 { font-size: clamp(2.2rem, 7vw, 3.6rem); line-height: 1.1; margin: 0 0 .6rem; }
h2 { font-size: 1.45rem; margin: 0 0 .2rem; }
h1, .tiles dd, .number, td { font-variant-numeric: tabular-nums; }
p { margin: 0 0 1rem; max-width: 46rem; text-wrap: pretty; }
.lead { font-size: 1.15rem; color: var(--soft); }
.note, figcaption, summary, footer { color: var(--soft); font-size: .9rem; }
section { margin-top: 3.5rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .8rem;
  margin: 2rem 0 0; }
.tiles div { background: var(--card); border: 1px solid var(--line); border-radius: .7rem;
  padding: .8rem 1rem; }
.tiles dt { color: var(--soft); font-size: .85rem; }
.tiles dd { margin: 0; font-size: 1.5rem; line-height: 1.3; }
.tiles .note { font: .85rem/1.4 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans",
  sans-serif; display: block; }
figure { margin: 1.4rem 0 0; }
.plot { padding: 32px 0 0 54px; }
.flat { padding-top: 10px; }
.plot svg { display: block; width: 100%; overflow: visible; }
svg text { fill: var(--soft); font-size: 12px; }
.grid { stroke: var(--line); }
.mark:hover { opacity: .75; }
.p0 { fill: var(--p0); } .p1 { fill: var(--p1); } .p2 { fill: var(--p2); } .p3 { fill: var(--p3); }
.p4 { fill: var(--p4); } .p5 { fill: var(--p5); } .p6 { fill: var(--p6); }
.h0 { fill: var(--h0); } .h1 { fill: var(--h1); } .h2 { fill: var(--h2); } .h3 { fill: var(--h3); }
.h4 { fill: var(--h4); } .h5 { fill: var(--h5); } .h6 { fill: var(--h6); } .h7 { fill: var(--h7); }
.h8 { fill: var(--h8); }
.tall { height: 240px; } .low { height: 128px; } .week { height: 198px; }
.key { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; list-style: none; padding: 0;
  margin: .9rem 0 0; font-size: .9rem; }
.key svg, .dot { width: .7rem; height: .7rem; vertical-align: -.03rem; margin-right: .3rem; }
.scale svg { width: 1.1rem; margin-right: .1rem; }
.bars { width: 100%; border-collapse: collapse; margin-top: .8rem; table-layout: fixed; }
.bars th, .bars td { padding: .28rem 0; vertical-align: middle; text-align: left;
  font-weight: 400; }
.bars thead th, .bars thead td { color: var(--soft); font-size: .85rem;
  border-bottom: 1px solid var(--line); }
.bars .name { width: 34%; padding-right: 1rem; overflow-wrap: anywhere; line-height: 1.3; }
.bars .dotted { padding-left: 1.05rem; text-indent: -1.05rem; }
.bars .name .note { font-size: .8rem; }
.bars .number { width: 6.5rem; text-align: right; padding-right: 1rem; }
.bars .when { width: 11rem; color: var(--soft); font-size: .85rem; padding-left: 1rem; }
.bars svg.bar, .bars svg.spark { display: block; width: 100%; height: .7rem; }
.bars svg.spark { height: 1.6rem; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr));
  gap: 2.6rem 3rem; }
details { margin-top: .9rem; }
summary { cursor: pointer; }
.scroll { overflow-x: auto; }
.numbers { border-collapse: collapse; font-size: .8rem; margin-top: .6rem; }
.numbers th, .numbers td { padding: .15rem .45rem; text-align: right; font-weight: 400;
  border-bottom: 1px solid var(--line); white-space: nowrap; }
.numbers th { color: var(--soft); }
.facts { font-size: 1rem; }
.facts th, .facts td { padding: .28rem 1.6rem .28rem 0; }
.numbers tbody th, .numbers th:first-child { text-align: left; }
.gap { background: var(--warm); border-left: 3px solid var(--edge); border-radius: .3rem;
  padding: .9rem 1.2rem; margin-top: 1rem; overflow-wrap: anywhere; }
.gap p { margin: 0; max-width: none; }
.gap ul { margin: .4rem 0 0; padding-left: 1.1rem; color: var(--soft); font-size: .9rem; }
footer { margin-top: 4rem; padding-top: 1rem; border-top: 1px solid var(--line); }
@media (max-width: 40rem) {
  main { padding: 2rem 1rem; }
  section { margin-top: 2.6rem; }
  .plot { padding-left: 42px; }
  .bars .when, .every-other { display: none; }
  .bars .number { width: 5.2rem; padding-right: .7rem; }
  .bars .name { width: 40%; padding-right: .7rem; }
  .pair { grid-template-columns: 1fr; }
}
@page { margin: 12mm 15mm; }
@media print {
  :root { color-scheme: light; --paper: #ffffff; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  html { font-size: 10pt; }
  main { padding: 0; max-width: none; }
  h1 { font-size: 2.6rem; }
  section { margin-top: 2rem; }
  figure { margin-top: .6rem; }
  details { display: none; }
  svg text { font-size: 10px; }
  .plot { padding-top: 20px; }
  .flat { padding-top: 6px; }
  .tiles { grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); margin-top: 1rem; }
  .bars th, .bars td { padding: .2rem 0; }
  figure, .tiles div, .gap, tr, .pair, .scroll, footer { break-inside: avoid; }
  h2, thead, figcaption, .gap p, tbody tr:nth-child(-n+3) { break-after: avoid; }
  tbody tr:nth-last-child(-n+2), .note, .scale, footer { break-before: avoid; }
  footer { margin-top: 2.2rem; }
}
"""
