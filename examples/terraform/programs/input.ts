/**
 * What Terraform hands to a program: JSON, checked before it is used. Terraform writes each value with the type of its
 * variable; whoever calls the program another way hears what is wrong.
 */
import { UsageError } from "@nixos-anywhere/deno";

/** The members of one object of JSON, by the names of the module's variables. */
export class Input {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(text: string, where: string) {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      // The text may hold what nobody is to read.
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new UsageError(`${where} is no JSON object`, {
        hint: "the module's .tf calls this program; see examples/terraform/README.md",
      });
    }
    this.#values = value as Record<string, unknown>;
  }

  /** A string; `undefined` where it is null, absent or empty. */
  text(name: string): string | undefined {
    const value = this.#values[name] ?? "";
    if (typeof value !== "string") throw wrong(name, "a string");
    return value === "" ? undefined : value;
  }

  /** A string that is there. */
  needed(name: string): string {
    const value = this.text(name);
    if (value === undefined) throw wrong(name, "set");
    return value;
  }

  /** A machine. Its user and its port have variables of their own. */
  host(name: string): string {
    const value = this.needed(name);
    const part = value.includes("@")
      ? "user"
      : /^[^:]+:[^:]*$|\]:/.test(value)
      ? "port"
      : undefined;
    if (part !== undefined) throw wrong(name, `a host alone: its ${part} is target_${part}`);
    return value;
  }

  /** A number of a port, as a number or as digits. */
  port(name: string): number {
    const given = this.#values[name] ?? 22;
    const value = typeof given === "number" || typeof given === "string" ? Number(given) : NaN;
    if (!Number.isInteger(value) || value < 1 || value > 65535) throw wrong(name, "a port");
    return value;
  }

  /** A truth value, which an external data source can only have as a string. */
  flag(name: string): boolean {
    const value = this.#values[name] ?? false;
    if (typeof value === "boolean") return value;
    if (value === "true" || value === "false" || value === "") return value === "true";
    throw wrong(name, "true or false");
  }

  /** A list of strings. */
  texts(name: string, otherwise: readonly string[] = []): readonly string[] {
    const value = this.#values[name] ?? otherwise;
    if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value;
    throw wrong(name, "a list of strings");
  }

  /** A map of strings, as names and values. */
  settings(name: string): readonly { readonly name: string; readonly value: string }[] {
    const all = Object.entries(this.json(name));
    return all.map(([key, value]) => {
      // A line feed would begin another setting.
      if (typeof value !== "string" || /[\n\r]/.test(`${key}${value}`) || !/^[\w-]+$/.test(key)) {
        throw wrong(name, "a map of strings of one line");
      }
      return { name: key, value };
    });
  }

  /** An object, or one written as JSON, which is all that an external data source can have. */
  json(name: string): Readonly<Record<string, unknown>> {
    let value = this.#values[name] ?? {};
    if (typeof value === "string") {
      if (value === "") return {};
      try {
        value = JSON.parse(value) ?? {};
      } catch {
        throw wrong(name, "JSON");
      }
    }
    if (typeof value !== "object" || Array.isArray(value)) throw wrong(name, "an object");
    return value as Record<string, unknown>;
  }

  /** Objects of strings with just these members. */
  objects<K extends string>(name: string, keys: readonly K[]): readonly Record<K, string>[] {
    const value = this.#values[name] ?? [];
    const fits = (one: unknown) =>
      typeof one === "object" && one !== null &&
      keys.every((key) => typeof (one as Record<string, unknown>)[key] === "string");
    if (Array.isArray(value) && value.every(fits)) return value;
    throw wrong(name, `a list of objects with ${keys.join(" and ")}`);
  }
}

/** A host as it stands behind a user: an IPv6 address in brackets. */
export function bracketed(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}

function wrong(name: string, what: string): UsageError {
  return new UsageError(`${name} must be ${what}`, { hint: `see the module's variable ${name}` });
}

/** What a variable of the environment holds; it is gone afterwards, so that no program that is started inherits it. */
export function takeSecret(name: string): string | undefined {
  const value = Deno.env.get(name);
  Deno.env.delete(name);
  // "-" is no key, and the agent's are used: the module's default.
  return value === undefined || value === "" || value === "-" ? undefined : value;
}
