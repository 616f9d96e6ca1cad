// Checks which folder of src/ imports which: views → app → store and client → lib. It fails on an import in another
// direction, on a folder that is not listed, and on files that import each other in a ring. Imports of types count.
import { createRequire } from "node:module";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

const typescript = createRequire(import.meta.url)("/usr/share/nodejs/typescript");
const root = process.argv[2] ?? "src";

/** What each folder may import beside its own files: whole folders, or single files of them. */
const allowed = {
  lib: [],
  client: ["lib"],
  rules: ["client/types", "lib"],
  store: ["client/types", "client/connection", "client/errors", "rules", "lib"],
  texts: ["client/types", "client/schemas", "client/errors", "lib"],
  app: ["client", "rules", "store", "texts", "lib"],
  // Views ask app/ for everything; of the client they know only the types of what it brings.
  views: ["app", "client/types", "rules", "store", "texts", "lib"],
  // main.tsx puts everything together.
  ".": ["app", "client", "lib", "store", "styles", "views"],
};

const files = readdirSync(root, { recursive: true }).filter((name) => /\.tsx?$/.test(name));
const folderOf = (file) => dirname(file).split("/")[0];

/** The file that an import names, without its ending; undefined for packages. */
function target(file, name) {
  if (!name.startsWith(".")) return undefined;
  const path = normalize(join(dirname(file), name));
  return files.some((other) => other.startsWith(`${path}/index.`)) ? `${path}/index` : path;
}

const imports = new Map();
const problems = [];
for (const file of files) {
  const { importedFiles } = typescript.preProcessFile(readFileSync(join(root, file), "utf8"));
  const targets = importedFiles.flatMap(({ fileName }) => target(file, fileName) ?? []);
  imports.set(file.replace(/\.tsx?$/, ""), targets);
  const folder = folderOf(file);
  if (!(folder in allowed)) problems.push(`${file}: the folder ${folder} is not listed in layers.mjs`);
  for (const path of targets) {
    const isAllowed = folderOf(path) === folder || allowed[folder]?.some((entry) => path === entry || path.startsWith(`${entry}/`));
    if (!isAllowed) problems.push(`${file} imports ${path}: ${folder} may not`);
  }
}

/** Depth first; a file that is met again on the way to itself closes a ring. */
const done = new Set();
function follow(file, way) {
  const start = way.indexOf(file);
  if (start >= 0) {
    problems.push(`a ring: ${[...way.slice(start), file].join(" → ")}`);
    return;
  }
  if (done.has(file)) return;
  for (const next of imports.get(file) ?? []) follow(next, [...way, file]);
  done.add(file);
}
for (const file of imports.keys()) follow(file, []);

for (const problem of problems) console.error(`web/layers.mjs: ${problem}`);
if (problems.length > 0) process.exit(1);
console.log(`${files.length} files of the web client import in one direction`);
