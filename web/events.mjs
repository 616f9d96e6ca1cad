// Compares the events in src/client/types.ts with the table "From the server" of docs/EVENTS.md: their names, and the
// fields of their payloads. It fails on any difference.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const typescript = createRequire(import.meta.url)("/usr/share/nodejs/typescript");
const directory = new URL(".", import.meta.url).pathname;

/** Of each event, its payload: the name of a type, or its fields in order of their names. */
function documented() {
  const section = readFileSync(`${directory}../docs/EVENTS.md`, "utf8").split("\n## From the server\n")[1].split("\n## ")[0];
  const events = new Map();
  for (const [, names, payload] of section.matchAll(/^\| (`.+?`) \| (`[^`]+`).*?\|/gm)) {
    for (const [, name] of names.matchAll(/`([^`]+)`/g)) events.set(name, fieldsOf(payload.slice(1, -1)));
  }
  return events;
}

/** `{a, b: [c], d?}` becomes `a, b, d?`; the name of a type stays as it is. */
function fieldsOf(payload) {
  if (!payload.startsWith("{")) return payload;
  const withoutTypes = payload.slice(1, -1).replace(/: (\[[^\]]*\]|\{[^}]*\}|\w+)/g, "");
  return withoutTypes.split(", ").sort().join(", ");
}

function declared() {
  const file = `${directory}src/client/types.ts`;
  const program = typescript.createProgram([file], { strict: true });
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(file));
  const events = checker.getExportsOfModule(module).find(({ name }) => name === "ServerEvents");
  const isOptional = (symbol) => (symbol.flags & typescript.SymbolFlags.Optional) !== 0;
  return new Map(
    checker.getDeclaredTypeOfSymbol(events).getProperties().map((event) => {
      const payload = checker.getTypeOfSymbolAtLocation(event, event.valueDeclaration);
      const fields = payload.getProperties().map((field) => `${field.name}${isOptional(field) ? "?" : ""}`);
      const { name } = payload.symbol;
      return [event.name, ["Message", "Conversation", "User"].includes(name) ? name : fields.sort().join(", ")];
    }),
  );
}

const wanted = documented();
const found = declared();
const names = [...new Set([...wanted.keys(), ...found.keys()])].sort();
const problems = names.filter((name) => wanted.get(name) !== found.get(name));
for (const name of problems) {
  console.error(`web/events.mjs: ${name}: docs/EVENTS.md says ${wanted.get(name) ?? "nothing"}, types.ts ${found.get(name) ?? "nothing"}`);
}
if (problems.length > 0 || names.length === 0) process.exit(1);
console.log(`${names.length} events are as docs/EVENTS.md describes them`);
