/// The dashboard's only style sheet.
enum Stylesheet {
    static let text = """
        :root { color-scheme: light dark; --line: light-dark(#d8dee4, #30363d); --quiet: light-dark(#57606a, #8b949e);
          --accent: light-dark(#0b5fff, #6ea8fe); --panel: light-dark(#f6f8fa, #161b22);
          --good: light-dark(#1a7f37, #3fb950); --bad: light-dark(#cf222e, #f85149); }
        * { box-sizing: border-box; }
        body { font: 16px/1.5 system-ui, sans-serif; margin: 0; background: light-dark(#fff, #0d1117); color: light-dark(#1f2328, #e6edf3); }
        header { display: flex; justify-content: space-between; align-items: center; gap: 1rem; padding: .75rem 1.5rem; border-bottom: 1px solid var(--line); }
        .brand { font-weight: 700; font-size: 1.1rem; color: inherit; text-decoration: none; }
        main { max-width: 60rem; margin: 0 auto; padding: 1.5rem; }
        main.narrow { max-width: 30rem; }
        h1 { font-size: 1.6rem; margin: .5rem 0 1rem; } h2 { font-size: 1.2rem; margin: 2rem 0 .25rem; }
        a { color: var(--accent); } .quiet, .crumbs { color: var(--quiet); } .error { color: var(--bad); }
        code, pre { font: .9em ui-monospace, monospace; }
        pre { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .75rem 1rem; overflow-x: auto; }
        pre.log { max-height: 75vh; }
        .stack { display: grid; gap: .5rem; } input { font: inherit; padding: .5rem .75rem; border: 1px solid var(--line); border-radius: 6px; }
        button { font: inherit; padding: .35rem .9rem; border: 1px solid var(--line); border-radius: 6px; background: var(--panel); color: inherit; cursor: pointer; }
        button.primary { background: #0b5fff; border-color: #0b5fff; color: #fff; padding: .55rem; }
        .cards { list-style: none; padding: 0; display: grid; gap: .75rem; }
        .cards li { display: grid; grid-template-columns: 1fr auto; gap: .15rem 1rem; border: 1px solid var(--line); border-radius: 8px; padding: .9rem 1rem; }
        .cards .name { font-weight: 600; }
        .badge { font-size: .8rem; font-weight: 500; border: 1px solid currentcolor; border-radius: 1rem; padding: .05rem .6rem; color: var(--quiet); white-space: nowrap; justify-self: end; }
        .badge.running, .badge.success { color: var(--good); } .badge.failed { color: var(--bad); }
        table { width: 100%; border-collapse: collapse; } th, td { text-align: left; padding: .4rem .5rem; border-bottom: 1px solid var(--line); vertical-align: top; }
        th { color: var(--quiet); font-weight: 500; }
        """
}
