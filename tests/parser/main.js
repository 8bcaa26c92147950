// Asks GitHub's own packages: one JSON request a line on stdin, one JSON answer a line on stdout.
//
//   {"name": "x.yml", "text": "..."}      parsed as a workflow, as an action if the name ends with action.yml
//     -> {"errors": ["x.yml (Line: 1, Col: 1): ..."]}
//   {"expression": "...", "context": {...}, "functions": {"failure": false}}      evaluated
//     -> {"value": ...} or {"errors": [...]}
//   {"yaml": "..."}      read as the parser reads it, before it looks for a workflow
//     -> {"value": ...} or {"errors": [...]}

import { createInterface } from "node:readline";
import { data, Evaluator, Lexer, Parser } from "@actions/expressions";
import { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } from "@actions/workflow-parser";
import { parseAction } from "@actions/workflow-parser/actions/action-parser";
import { ErrorPolicy } from "@actions/workflow-parser/model/convert";
import { parse as parseYaml } from "yaml"; // the parser's own

async function parse({ name, text }) {
  const file = { name, content: text };
  if (name.endsWith("action.yml")) {
    return parseAction(file, new NoOperationTraceWriter()).context.errors.getErrors();
  }
  const { context, value } = parseWorkflow(file, new NoOperationTraceWriter());
  if (value === undefined) {
    return context.errors.getErrors();
  }
  // The conversion checks what the schema cannot: needs that exist, circles, cron, expressions in their places.
  const template = await convertWorkflowTemplate(context, value, undefined, { errorPolicy: ErrorPolicy.TryConversion });
  return [...context.errors.getErrors(), ...(template.errors ?? [])];
}

function toData(value) {
  if (Array.isArray(value)) {
    return new data.Array(...value.map(toData));
  }
  switch (value === null ? "null" : typeof value) {
    case "null":
      return new data.Null();
    case "string":
      return new data.StringData(value);
    case "number":
      return new data.NumberData(value);
    case "boolean":
      return new data.BooleanData(value);
    default:
      return new data.Dictionary(...Object.entries(value).map(([key, item]) => ({ key, value: toData(item) })));
  }
}

function evaluate({ expression, context, functions }) {
  const status = Object.entries(functions ?? {}).map(([name, answer]) => ({
    name,
    description: name,
    minArgs: 0,
    maxArgs: 0,
    call: () => new data.BooleanData(answer),
  }));
  const tokens = new Lexer(expression).lex().tokens;
  const tree = new Parser(tokens, Object.keys(context), status).parse();
  const known = new Map(status.map((item) => [item.name, item]));
  return JSON.parse(JSON.stringify(new Evaluator(tree, toData(context), known).evaluate(), data.replacer));
}

async function answer(request) {
  try {
    if ("expression" in request) {
      return { value: evaluate(request) };
    }
    if ("yaml" in request) {
      return { value: parseYaml(request.yaml) };
    }
    const errors = await parse(request);
    // Parser and converter name the same field differently, and tell the same error twice.
    return { errors: [...new Set(errors.map((error) => error.message ?? error.Message ?? JSON.stringify(error)))] };
  } catch (error) {
    return { errors: [`${error}`] };
  }
}

async function main() {
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
  }
}

main();
