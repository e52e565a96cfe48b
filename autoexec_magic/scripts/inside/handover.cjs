// What a script in JavaScript finds when it starts, and gives back when it ends; for `node --require`.
//
// A cell's modules are looked for from the notebook's folder (AUTOEXEC_FROM), not from where its file lies.
// Values are global names; those to give back are read when the process ends, by functions that are put below
// the script's last line, so that all its lines keep their numbers.
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const Module = require("node:module");
const { pathToFileURL } = require("node:url");

const from = take("AUTOEXEC_FROM");
const said = take("AUTOEXEC_HANDOVER");
const script = path.resolve(process.argv[1] || "");
const [given, taken, ...names] = said ? said.split("\n") : ["", ""];
const getters = {};

function take(name) {
  const value = process.env[name];
  delete process.env[name];
  return value || "";
}

function belowLastLine() {
  if (!names.length) return "";
  const each = names.map((name) => `${JSON.stringify(name)}: () => ${name}`);
  return `\n;globalThis[Symbol.for("autoexec")]({ ${each.join(", ")} });\n`;
}

const real = (file) => { try { return fs.realpathSync(file); } catch { return file; } };
const isScript = (file) => file === script || file === real(script);

if (from && path.dirname(script) !== from) {
  const resolve = Module._resolveFilename;
  const beside = path.join(from, path.basename(script));
  Module._resolveFilename = function (request, parent, ...rest) {
    if (parent && isScript(parent.filename)) {
      const stand = new Module(beside);
      stand.filename = beside;
      stand.paths = Module._nodeModulePaths(from);
      return resolve.call(this, request, stand, ...rest);
    }
    return resolve.call(this, request, parent, ...rest);
  };
}

if (names.length) {
  const compile = Module.prototype._compile;
  Module.prototype._compile = function (content, file, ...rest) {
    return compile.call(this, isScript(file) ? content + belowLastLine() : content, file, ...rest);
  };
}

if (script.endsWith(".mjs") && Module.register) {
  const hooks = `
    let data;
    export function initialize(given) { data = given; }
    export async function resolve(name, context, next) {
      if (data.beside && context.parentURL === data.script) context = { ...context, parentURL: data.beside };
      return next(name, context);
    }
    export async function load(url, context, next) {
      const found = await next(url, context);
      if (url !== data.script || !data.below || found.source == null) return found;
      return { ...found, source: Buffer.from(found.source).toString("utf8") + data.below };
    }`;
  Module.register("data:text/javascript," + encodeURIComponent(hooks), pathToFileURL(__filename), {
    data: {
      script: pathToFileURL(real(script)).href,
      beside: from ? pathToFileURL(path.join(from, path.basename(script))).href : "",
      below: belowLastLine(),
    },
  });
}

class Refused extends Error {}

function tree(value, around) {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number") {
    return Number.isFinite(value) && !Object.is(value, -0) ? value : tagged("float", text(value));
  }
  if (typeof value === "bigint") return tagged("int", (value < 0n ? "-0x" : "0x") + abs(value).toString(16));
  if (typeof value !== "object") throw new Refused(`it is, or holds, a value of type ${typeof value}`);
  if (around.includes(value)) throw new Refused("it holds itself");
  if (around.length > 199) throw new Refused("it is nested too deeply");
  const inner = [...around, value];
  if (Array.isArray(value)) return Array.from(value, (item) => tree(item, inner));
  if (value instanceof Date) return date(value);
  if (value instanceof Uint8Array) return tagged("bytes", Buffer.from(value).toString("base64"));
  if (value instanceof Map) return pairs([...value], inner);
  if (value instanceof Set) return tagged("set", [...value].map((item) => tree(item, inner)));
  const kind = Object.getPrototypeOf(value);
  if (kind !== null && kind !== Object.prototype) {
    throw new Refused(`it is, or holds, a ${(kind.constructor && kind.constructor.name) || "object of a class"}`);
  }
  const entries = Object.entries(value);
  if ("$" in value) return pairs(entries, inner);
  return Object.fromEntries(entries.map(([key, item]) => [key, tree(item, inner)]));
}

const tagged = (tag, value) => ({ $: tag, v: value });
const pairs = (entries, inner) => tagged("dict", entries.map(([k, v]) => [tree(k, inner), tree(v, inner)]));
const text = (number) => (Object.is(number, -0) ? "-0.0" : String(number).replace("Infinity", "inf"));
const abs = (number) => (number < 0n ? -number : number);

function date(value) {
  if (Number.isNaN(value.getTime())) throw new Refused("it is, or holds, an invalid date");
  const year = value.getUTCFullYear();
  if (year < 1 || year > 9999) throw new Refused(`it is, or holds, a date in the year ${year}`);
  return tagged("datetime", [value.toISOString().replace("Z", "000"), 0, 0]);
}

function give() {
  for (const name of names) {
    if (!(name in getters)) continue;
    let file = "value.json";
    let content;
    try {
      content = JSON.stringify(tree(getters[name](), []));
    } catch (error) {
      if (error instanceof ReferenceError) continue;
      if (!(error instanceof Refused) && !(error instanceof RangeError)) throw error;
      file = "refused.json";
      content = JSON.stringify({ why: error.message, fix: "make it of arrays, plain objects, texts and numbers" });
    }
    fs.mkdirSync(path.join(taken, name), { recursive: true });
    fs.writeFileSync(path.join(taken, name, file), content);
  }
}

if (said) {
  for (const name of fs.readdirSync(given)) {
    globalThis[name] = JSON.parse(fs.readFileSync(path.join(given, name, "value.json"), "utf8"));
  }
  Object.defineProperty(globalThis, Symbol.for("autoexec"), { value: (found) => Object.assign(getters, found) });
  process.on("exit", give);
}
