/** The stylesheet of the page; its hash is what the page's policy lets through. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 64rem; padding: 1rem 1.25rem 6rem; font: 1rem/1.55 system-ui, sans-serif; }
h1 { margin: 1.5rem 0 .25rem; }
h2 { margin: 3.5rem 0 1rem; border-bottom: 1px solid var(--line); }
h3 { margin: 2.5rem 0 .25rem; font-size: 1.15rem; }
h4 { margin: 1.25rem 0 .35rem; font-size: .95rem; }
p { margin: .35rem 0; }
code, pre { font: .9em/1.45 ui-monospace, monospace; }
code { background: var(--soft); padding: .1em .3em; border-radius: .25rem; }
pre { background: var(--soft); padding: .75rem; border-radius: .4rem; overflow-x: auto; margin: .35rem 0; }
table { border-collapse: collapse; width: 100%; margin: .35rem 0; }
th, td { text-align: left; vertical-align: top; padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; }
nav ul { columns: 3 12rem; padding-left: 1.1rem; margin: .35rem 0 1rem; }
small, .optional { opacity: .7; }
@media print { nav { display: none; } }
`;
