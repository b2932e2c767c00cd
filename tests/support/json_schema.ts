/**
 * Validating a value against a JSON schema, as far as the schema of the events needs it.
 *
 * @module
 */
import type { Schema } from "../readme/schema.ts";

const KNOWN = new Set([
  ...["$schema", "$defs", "$ref", "title", "description", "type", "const", "enum", "pattern"],
  ...["oneOf", "anyOf", "items", "properties", "required", "additionalProperties"],
]);

/** What is wrong with a value, a sentence each; nothing where it is valid. */
export function violations(value: unknown, root: Schema): string[] {
  return check(value, root, "$", root);
}

function check(value: unknown, schema: Schema, at: string, root: Schema): string[] {
  const unknown = Object.keys(schema).filter((key) => !KNOWN.has(key));
  if (unknown.length > 0) throw new Error(`the validator does not know ${unknown}`);
  if (schema.$ref !== undefined) {
    const target = root.$defs?.[schema.$ref.replace("#/$defs/", "")];
    if (!target) throw new Error(`${schema.$ref} is nowhere`);
    return check(value, target, at, root);
  }
  for (const [count, some] of [["one", schema.oneOf], ["any", schema.anyOf]] as const) {
    if (!some) continue;
    const all = some.map((one) => check(value, one, at, root));
    const fitting = all.filter((one) => one.length === 0).length;
    if (count === "one" ? fitting === 1 : fitting > 0) continue;
    // The one that it comes nearest to: its type is right.
    const nearest = all.filter((one) => !one.some((text) => text.includes(".type: ")))
      .toSorted((a, b) => a.length - b.length);
    return fitting === 0 && nearest[0] ? nearest[0] : [`${at}: fits ${fitting} of ${some.length}`];
  }
  const shown = JSON.stringify(value)?.slice(0, 200);
  if ("const" in schema && value !== schema.const) {
    return [`${at}: ${shown} is not ${schema.const}`];
  }
  if (schema.enum && !schema.enum.includes(value)) {
    return [`${at}: ${shown} is none of ${schema.enum}`];
  }
  if (schema.type !== undefined && typeOf(value) !== schema.type) {
    return [`${at}: ${shown} is no ${schema.type}`];
  }
  if (schema.pattern !== undefined && !new RegExp(schema.pattern, "u").test(String(value))) {
    return [`${at}: ${shown} does not match ${schema.pattern}`];
  }
  if (Array.isArray(value)) {
    const { items } = schema;
    return items ? value.flatMap((one, of) => check(one, items, `${at}[${of}]`, root)) : [];
  }
  if (schema.type !== "object") return [];
  const { properties = {}, required = [] } = schema;
  const given = value as Readonly<Record<string, unknown>>;
  return [
    ...required.filter((name) => !Object.hasOwn(given, name)).map((name) =>
      `${at}.${name}: is missing`
    ),
    ...Object.entries(given).flatMap(([name, one]) => {
      const own = Object.hasOwn(properties, name) ? properties[name] : undefined;
      if (own) return check(one, own, `${at}.${name}`, root);
      return schema.additionalProperties === false ? [`${at}.${name}: is not in the schema`] : [];
    }),
  ];
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
