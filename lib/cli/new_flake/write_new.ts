/**
 * Writing files that must not be there yet.
 *
 * @module
 */
import { UsageError } from "../../errors.ts";

/** The paths of these files in a folder; throws a {@linkcode UsageError} if one of them is there. */
export async function mustBeNew(folder: string, names: readonly string[]): Promise<void> {
  const info = await Deno.stat(folder).catch(notFound);
  if (info && !info.isDirectory) {
    throw new UsageError(`${JSON.stringify(folder)} is no folder`, { hint: "name a new folder" });
  }
  const there: string[] = [];
  for (const name of names) {
    // A link to nowhere is there as well.
    if (await Deno.lstat(`${folder}/${name}`).catch(notFound)) there.push(name);
  }
  if (there.length > 0) throw alreadyThere(folder, there);
}

/** Writes all of the files, or none. The folder is made if it is not there. */
export async function writeNew(
  folder: string,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  const written: string[] = [];
  try {
    await Deno.mkdir(folder, { recursive: true });
    for (const [name, text] of Object.entries(files)) {
      const path = `${folder}/${name}`;
      await Deno.writeTextFile(path, text, { createNew: true });
      written.push(path);
    }
  } catch (error) {
    for (const path of written) await Deno.remove(path).catch(() => {});
    if (error instanceof Deno.errors.AlreadyExists) throw alreadyThere(folder, ["a file"]);
    if (error instanceof Deno.errors.NotCapable) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`cannot write into ${JSON.stringify(folder)}: ${why}`, {
      hint: "name a folder that you may write into",
      cause: error,
    });
  }
}

function alreadyThere(folder: string, names: readonly string[]): UsageError {
  return new UsageError(`${JSON.stringify(folder)} has ${names.join(" and ")} already`, {
    hint: "nothing was written; name a new folder: nixos-anywhere init FOLDER",
  });
}

function notFound(error: unknown): undefined {
  if (error instanceof Deno.errors.NotFound) return undefined;
  if (error instanceof Deno.errors.NotCapable) throw error;
  return undefined;
}
