"use strict";
// Draws /openapi.json as a page and sends requests from it. What comes from the description or from
// an answer reaches the page as text only.

const byId = (id) => document.getElementById(id);

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// Words with `code` in them, as they stand in the description.
function prose(text) {
  return text.split("`").map((piece, i) => (i % 2 ? make("code", {}, piece) : piece));
}

function resolve(spec, schema) {
  const name = schema?.$ref?.split("/").pop();
  return name ? spec.components.schemas[name] : schema;
}

function typeName(spec, schema) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return choices.map((choice) => typeName(spec, choice)).join(" | ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.type === "array") return `[${typeName(spec, schema.items)}]`;
  return [schema.type ?? "any", schema.format && `(${schema.format})`].filter(Boolean).join(" ");
}

function table(heads, rows) {
  const head = make("tr", {}, ...heads.map((text) => make("th", {}, text)));
  const body = rows.map((row) => make("tr", {}, ...row.map((cell) => make("td", {}, cell))));
  return make("table", {}, head, ...body);
}

function fields(spec, schema) {
  const known = resolve(spec, schema);
  if (!known?.properties) return make("p", {}, make("code", {}, typeName(spec, schema)));
  const required = new Set(known.required ?? []);
  return table(["Field", "Type", ""], Object.entries(known.properties).map(([name, field]) => [
    make("code", {}, name + (required.has(name) ? " *" : "")),
    typeName(spec, field),
    field.description ?? "",
  ]));
}

function folded(title, ...children) {
  return make("details", {}, make("summary", {}, title), ...children);
}

function written(value) {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

function responses(spec, operation) {
  return Object.entries(operation.responses).map(([status, answer]) => {
    const [kind, content] = Object.entries(answer.content ?? {})[0] ?? [];
    const examples = Object.entries(content?.examples ?? {}).map(([name, example]) =>
      folded(name, make("pre", {}, written(example.value))));
    const body = content ? [make("p", {}, kind), fields(spec, content.schema), ...examples] : [];
    return folded(`${status} ${answer.description}`, ...body);
  });
}

function inputs(operation) {
  return (operation.parameters ?? []).map((parameter) => {
    const input = make("input", { id: `${operation.operationId}-${parameter.name}` });
    input.placeholder = parameter.schema?.default ?? "";
    const label = make("label", { for: input.id }, parameter.name + (parameter.required ? " *" : ""));
    return { parameter, input, row: make("div", { class: "field" }, label, input) };
  });
}

function address(path, given) {
  const query = new URLSearchParams();
  let filled = path;
  for (const { parameter, input } of given) {
    if (parameter.in === "path") {
      filled = filled.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    } else if (parameter.in === "query" && input.value !== "") {
      query.set(parameter.name, input.value);
    }
  }
  return query.size ? `${filled}?${query}` : filled;
}

function bodyOf(operation) {
  const [type, content] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  const example = Object.values(content?.examples ?? {})[0]?.value;
  return { type, schema: content?.schema, example: written(example) };
}

async function send(method, path, given, body, type, output) {
  const headers = {};
  for (const { parameter, input } of given) {
    if (parameter.in === "header" && input.value !== "") headers[parameter.name] = input.value;
  }
  if (byId("key").value) headers.Authorization = `Bearer ${byId("key").value}`;
  if (body) headers["Content-Type"] = type;
  output.textContent = "…";
  const response = await fetch(address(path, given), { method, headers, body: body || undefined });
  output.textContent = `${response.status} ${response.statusText}\n`;
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (let part = await reader?.read(); part && !part.done; part = await reader.read()) {
    text += part.value; // a stream of events is shown as it comes
    output.textContent = `${response.status} ${response.statusText}\n${pretty(text)}`;
  }
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function tryIt(path, method, operation) {
  const given = inputs(operation);
  const { type, example } = bodyOf(operation);
  const area = type && make("textarea", { "aria-label": "Body", spellcheck: "false" });
  if (area && example) area.value = example;
  const output = make("pre", { "aria-live": "polite" });
  const button = make("button", { type: "button" }, "Send");
  button.addEventListener("click", () => {
    send(method, path, given, area?.value, type, output).catch((error) => {
      output.textContent = String(error);
    });
  });
  return folded("Try it", ...given.map(({ row }) => row), ...(area ? [area] : []), button, output);
}

function section(spec, path, method, operation) {
  const title = make("h3", {}, make("span", { class: "method" }, method), make("code", {}, path));
  const body = bodyOf(operation).schema;
  const parameters = (operation.parameters ?? []).map((parameter) => [
    make("code", {}, parameter.name + (parameter.required ? " *" : "")),
    `${parameter.in}, ${typeName(spec, parameter.schema)}`,
    parameter.description ?? "",
  ]);
  return make("section", { id: operation.operationId }, title,
    make("p", {}, ...prose(`${operation.summary}. ${operation.description}`)),
    ...(parameters.length ? [folded("Parameters", table(["Name", "Where", ""], parameters))] : []),
    ...(body ? [folded("Body", fields(spec, body))] : []),
    folded("Answers", ...responses(spec, operation)),
    tryIt(path, method, operation));
}

async function draw() {
  const spec = await (await fetch("/openapi.json")).json();
  byId("title").textContent = `${spec.info.title} ${spec.info.version}`;
  byId("introduction").append(...spec.info.description.split("\n\n").map((paragraph) =>
    make("p", {}, ...prose(paragraph))));
  for (const { name } of spec.tags) {
    byId("contents").append(make("h2", {}, name));
    byId("operations").append(make("h2", {}, name));
    for (const [path, methods] of Object.entries(spec.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        if (!operation.tags.includes(name)) continue;
        byId("contents").append(make("a", { href: `#${operation.operationId}` }, ...prose(operation.summary)));
        byId("operations").append(section(spec, path, method.toUpperCase(), operation));
      }
    }
  }
}

draw().catch((error) => {
  byId("operations").textContent = `The description could not be read: ${error}`;
});
