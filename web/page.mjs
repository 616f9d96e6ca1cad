// node page.mjs DIRECTORY writes index.html into a directory in which esbuild has left assets/ and bundle.json: the page
// names the styles, the main script, and each script that this one imports, so that a browser fetches them all at once.
import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";

const [, , directory] = process.argv;
const { outputs } = JSON.parse(readFileSync(`${directory}/bundle.json`, "utf8"));
const entry = (source) => Object.keys(outputs).find((path) => outputs[path].entryPoint === source);
const script = entry("src/main.tsx");
const main = outputs[script];

const shared = new Set();
function addImports(output) {
  for (const { path, kind } of output.imports) {
    if (kind !== "import-statement" || shared.has(path)) continue;
    shared.add(path);
    addImports(outputs[path]);
  }
}
addImports(main);

const address = (path) => `/assets/${basename(path)}`;
const head = [
  `<link rel="stylesheet" href="${address(main.cssBundle)}">`,
  // Those of the views that are loaded later: views/lazy.tsx finds them here.
  ...["thread", "later"].map((name) => `<meta name="${name}-styles" content="${address(entry(`src/styles/${name}.css`))}">`),
  ...[...shared].map((path) => `<link rel="modulepreload" href="${address(path)}">`),
  `<script type="module" src="${address(script)}"></script>`,
];
const page = readFileSync("index.html", "utf8");
writeFileSync(`${directory}/index.html`, page.replace("@head@", () => head.join("\n    ")));
