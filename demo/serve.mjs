// Bundles the page whenever it is asked for, and serves it.

import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { context } from "esbuild";

const bundle = await context({
  absWorkingDir: dirname(fileURLToPath(import.meta.url)),
  entryPoints: ["chat.jsx"],
  outdir: "www",
  write: false,
  bundle: true,
  jsx: "automatic",
  define: { "process.env.NODE_ENV": '"production"' },
});
const { port } = await bundle.serve({ servedir: "www", host: "127.0.0.1", port: Number(process.env.PORT ?? 5173) });
console.log(`The page is at http://127.0.0.1:${port}`);
