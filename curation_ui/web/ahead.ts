import type { Plugin, Rolldown } from "vite";

const PAGE = /\/src\/pages\/([^/]+)\//;

/**
 * Writes beside `index.html` one file for each page of `src/pages`, `ahead/<page>.html`: the same, and the browser
 * fetches that page's own scripts and styles together with the first ones instead of after them.
 */
export function ahead(): Plugin {
  let base = "/";
  return {
    name: "ahead",
    apply: "build",
    enforce: "post",
    configResolved: (config) => {
      base = config.base;
    },
    generateBundle(_, bundle) {
      const index = bundle["index.html"];
      if (index?.type !== "asset") return;
      const chunks = Object.values(bundle).filter((one) => one.type === "chunk");
      const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
      for (const name of chunks.flatMap((chunk) => (chunk.isEntry ? chunk.dynamicImports : []))) {
        const folder = PAGE.exec(byName.get(name)?.facadeModuleId ?? "")?.[1];
        if (!folder) continue;
        const source = linked(String(index.source), needed(name, byName), base);
        this.emitFile({ type: "asset", fileName: `ahead/${folder}.html`, source });
      }
    },
  };
}

type Chunks = ReadonlyMap<string, Rolldown.OutputChunk>;

/** A chunk, all that it imports, and their styles. */
function needed(name: string, chunks: Chunks, found = new Set<string>()): Set<string> {
  const chunk = chunks.get(name);
  if (!chunk || found.has(name)) return found;
  found.add(name);
  for (const style of chunk.viteMetadata?.importedCss ?? []) found.add(style);
  for (const other of chunk.imports) needed(other, chunks, found);
  return found;
}

function linked(page: string, files: Set<string>, base: string): string {
  const rel = (file: string): string => (file.endsWith(".css") ? "stylesheet" : "modulepreload");
  const links = [...files]
    .filter((file) => !page.includes(`"${base}${file}"`))
    .map((file) => `    <link rel="${rel(file)}" crossorigin href="${base}${file}">\n`);
  return page.replace("  </head>", `${links.join("")}  </head>`);
}
