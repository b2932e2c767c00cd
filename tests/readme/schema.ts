/**
 * The JSON schema of the events, made from their type as `deno doc` reads it.
 *
 * @module
 */
import { ROOT } from "../checks/sources.ts";

export const SCHEMA = new URL("lib/report/events.schema.json", ROOT);

/** A JSON schema, as far as types need one. */
export interface Schema {
  readonly $ref?: string;
  readonly description?: string;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: false;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

/** A type, as `deno doc --json` has it; what `value` is depends on the kind. */
interface Type {
  readonly kind: string;
  // deno-lint-ignore no-explicit-any
  readonly value: any;
}

interface Property {
  readonly name: string;
  readonly optional?: boolean;
  readonly tsType: Type;
  readonly jsDoc?: { readonly doc?: string };
}

interface Declaration {
  readonly kind: string;
  readonly jsDoc?: { readonly doc?: string };
  // deno-lint-ignore no-explicit-any
  readonly def: any;
}

type Documents = Readonly<
  Record<string, {
    readonly symbols: readonly {
      readonly name: string;
      readonly declarations: readonly Declaration[];
    }[];
  }>
>;

/** The schema of one line of `--json`. */
export async function makeSchema(): Promise<Schema> {
  const events = new URL("lib/report/events.ts", ROOT).href;
  return new Maker(await documents()).whole(events);
}

/** What `deno doc` knows of the modules that may hold data. */
async function documents(): Promise<Documents> {
  const files = ["report", "plan"].flatMap((room) => {
    const folder = new URL(`lib/${room}/`, ROOT);
    return Array.from(Deno.readDirSync(folder), ({ name }) => new URL(name, folder).href)
      .filter((name) => name.endsWith(".ts"));
  });
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", ...files.sort()],
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(decoder.decode(stderr));
  const { version, nodes } = JSON.parse(decoder.decode(stdout));
  if (version !== 2) throw new Error(`deno doc --json has another format, ${version}`);
  return nodes;
}

/** Types that are written in another way than they look in JSON. */
const WRITTEN: Readonly<Record<string, Schema>> = {
  StorePath: { type: "string", pattern: "^/nix/store/[0-9a-z]{32}-[0-9A-Za-z+._?=-]{1,211}$" },
};

class Maker {
  readonly #documents: Documents;
  readonly #defs: Record<string, Schema> = {};

  constructor(documents: Documents) {
    this.#documents = documents;
  }

  whole(file: string): Schema {
    const { jsDoc: { doc = "" } = {}, def } = this.#find(file, "ReportEvent");
    const meanings = new Map(
      Array.from(
        doc.matchAll(/^- `([\w-]+)`: (.*(?:\n {2}.*)*)/gm),
        ([, type = "", text = ""]) => [type, text.replaceAll(/\s+/g, " ")],
      ),
    );
    const names: string[] = [];
    for (const type of this.#alternatives(def.tsType, file)) {
      const schema = this.#object([type], file);
      const name = String(schema.properties?.["type"]?.const);
      const description = meanings.get(name);
      if (description === undefined) throw new Error(`ReportEvent's documentation lacks ${name}`);
      // The end of an update is of the same type as that of an install.
      const key = this.#defs[name] ? `${name}-of-update` : name;
      this.#defs[key] = { description, ...schema };
      names.push(key);
    }
    const $schema = "https://json-schema.org/draft/2020-12/schema";
    const title = "A line of nixos-anywhere --json";
    const defs = Object.entries(this.#defs).toSorted(([a], [b]) => a < b ? -1 : 1);
    return {
      ...{ $schema, title },
      oneOf: names.map((name) => ({ $ref: `#/$defs/${name}` })),
      $defs: Object.fromEntries(defs),
    };
  }

  /** `A & (B | C)` as A & B, A & C. */
  #alternatives(type: Type, file: string): Type[] {
    if (type.kind === "parenthesized") return this.#alternatives(type.value, file);
    if (type.kind === "union") {
      return type.value.flatMap((one: Type) => this.#alternatives(one, file));
    }
    if (type.kind !== "intersection") return [type];
    return type.value.map((one: Type) => this.#alternatives(one, file))
      .reduce((all: Type[], some: Type[]) =>
        all.flatMap((a) => some.map((b) => ({ kind: "intersection", value: [a, b] })))
      );
  }

  #schema(type: Type, file: string): Schema {
    const { kind, value } = type;
    switch (kind) {
      case "parenthesized":
        return this.#schema(value, file);
      case "typeOperator":
        return this.#schema(value.tsType, file);
      case "array":
        return { type: "array", items: this.#schema(value, file) };
      case "keyword":
        if (value === "null") return { type: "null" };
        if (!["string", "number", "boolean"].includes(value)) break;
        return { type: value };
      case "literal":
        return { const: value[value.kind] };
      case "union":
        return this.#union(value, file);
      case "typeRef":
        return this.#reference(value, file);
      case "typeLiteral":
      case "intersection":
      case "mapped":
        return this.#object([type], file);
    }
    throw new Error(`no schema for a type: ${kind} ${JSON.stringify(value)}`);
  }

  /** What is undefined is left out of JSON. */
  #union(types: readonly Type[], file: string): Schema {
    const given = types.filter(({ value }) => value !== "undefined");
    const [first, ...more] = given;
    if (first && more.length === 0) return this.#schema(first, file);
    const all = given.map((one) => this.#schema(one, file));
    // Names of others, as in `"connect" | Phase`, are told with them.
    const values = all.map((one) => {
      const { const: single, enum: several } = this.#followed(one);
      return single === undefined ? several : [single];
    });
    return values.every((one) => one !== undefined) ? { enum: values.flat() } : { anyOf: all };
  }

  #followed(schema: Schema): Schema {
    return schema.$ref ? this.#defs[schema.$ref.slice("#/$defs/".length)] ?? {} : schema;
  }

  /** Named types are definitions of their own. */
  #reference(value: Type["value"], file: string): Schema {
    const { typeName } = value;
    if (typeName === "Omit") return this.#object([{ kind: "typeRef", value }], file);
    if (this.#defs[typeName] === undefined) {
      const [declaration, home] = this.#declaration(value, file);
      const { kind, def, jsDoc } = declaration;
      const description = jsDoc?.doc?.split("\n\n")[0]?.replaceAll(/\s+/g, " ")
        .replaceAll(/\{@linkcode (\w+)\}/g, "$1");
      const schema = WRITTEN[typeName] ??
        (kind === "interface" ? this.#fields(def, home) : this.#schema(def.tsType, home));
      this.#defs[typeName] = { ...(description && { description }), ...schema };
    }
    return { $ref: `#/$defs/${typeName}` };
  }

  #declaration(value: Type["value"], file: string): [Declaration, string] {
    const { typeName, resolution } = value;
    const home = resolution?.kind === "import" ? new URL(resolution.specifier, file).href : file;
    return [this.#find(home, resolution?.name ?? typeName), home];
  }

  #find(file: string, name: string): Declaration {
    const symbol = this.#documents[file]?.symbols.find((one) => one.name === name);
    const declaration = symbol?.declarations[0];
    if (!declaration) throw new Error(`${file} has no type ${name}`);
    return declaration;
  }

  /** One object with the properties of all these types, and no others. */
  #object(types: readonly Type[], file: string): Schema {
    const all = types.map((type) => this.#part(type, file));
    return {
      type: "object",
      properties: Object.assign({}, ...all.map(({ properties }) => properties)),
      required: all.flatMap(({ required = [] }) => required),
      additionalProperties: false,
    };
  }

  #part({ kind, value }: Type, file: string, without: readonly string[] = []): Schema {
    if (kind === "parenthesized") return this.#part(value, file, without);
    if (kind === "intersection" && without.length === 0) return this.#object(value, file);
    if (kind === "typeLiteral") return this.#fields(value, file, without);
    if (kind === "mapped") {
      const names = this.#followed(this.#schema(value.typeParam.constraint, file)).enum ?? [];
      const each = this.#schema(value.tsType, file);
      return {
        type: "object",
        properties: Object.fromEntries(names.map((name) => [String(name), each])),
        required: value.optional ? [] : names.map(String),
        additionalProperties: false,
      };
    }
    if (kind === "typeRef" && value.typeName === "Omit") {
      const [of, names] = value.typeParams as [Type, Type];
      const schema = this.#schema(names, file);
      return this.#part(of, file, (schema.enum ?? [schema.const]).map(String));
    }
    if (kind === "typeRef") {
      const [{ kind, def }, home] = this.#declaration(value, file);
      return kind === "interface"
        ? this.#fields(def, home, without)
        : this.#part(def.tsType, home, without);
    }
    throw new Error(`no object: ${kind} ${JSON.stringify(value)}`);
  }

  #fields(
    { properties: all, extends: parents = [] }: {
      readonly properties: readonly Property[];
      readonly extends?: readonly unknown[];
    },
    file: string,
    without: readonly string[] = [],
  ): Schema {
    const properties = all.filter(({ name }) => !without.includes(name));
    if (parents.length > 0) throw new Error("no schema for an interface that extends another");
    return {
      type: "object",
      properties: Object.fromEntries(properties.map(({ name, tsType, jsDoc }) => {
        const description = jsDoc?.doc?.replaceAll(/\s+/g, " ").trim();
        return [name, { ...(description && { description }), ...this.#schema(tsType, file) }];
      })),
      required: properties.filter(({ optional }) => !optional).map(({ name }) => name),
      additionalProperties: false,
    };
  }
}
